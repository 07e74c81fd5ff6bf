// Prints, as JSON, what a client of the generated types reads.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [baseUrl, key, ids] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl,
  headers: { "X-API-Key": key },
});

const campaigns = await client.GET("/analytics/campaigns");
const page = await client.GET("/analytics/campaigns", {
  params: { query: { status: "COMPLETED", sort_by: "open_rate", page: 1, limit: 1 } },
});
const metrics = await client.GET("/analytics/campaigns", {
  params: { query: { metrics: "machine_opened,clicked", campaign_id: ids } },
});
const weeks = await client.GET("/analytics/campaigns/timeline", {
  params: { query: { from_date: "2026-03-01", to_date: "2026-03-31", interval: "week" } },
});
const refused = await client.GET("/analytics/campaigns", { params: { query: { page: 0 } } });
// The other type of an answer is CSV, a text.
if (typeof campaigns.data !== "object") throw new Error("no JSON");
const sent: number | undefined = campaigns.data.campaigns[0]?.total_sent;
if (sent === undefined) throw new Error("no campaigns");
if (typeof metrics.data !== "object") throw new Error("no JSON");
const clicked: number | undefined = metrics.data.campaigns[0]?.total_clicked;
if (clicked === undefined) throw new Error("no clicks");

console.log(
  JSON.stringify({
    campaigns: campaigns.data,
    page: page.data,
    metrics: metrics.data,
    weeks: weeks.data,
    refused: refused.error,
  }),
);
