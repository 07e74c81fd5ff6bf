"use strict";

// The table's buttons send along which campaigns are ticked; with this its links do, too.
{
    const form = document.getElementById("mm-table-form");

    const keep = () => {
        const ticked = new FormData(form).getAll("compare");
        for (const link of document.querySelectorAll("a[data-mm-keeps]")) {
            const address = new URL(link.href);
            address.searchParams.delete("compare");
            for (const id of ticked) {
                address.searchParams.append("compare", id);
            }
            link.href = address.href;
        }
    };

    if (form) {
        form.addEventListener("change", keep);
        // On the way back the browser restores the ticks after the page has loaded.
        addEventListener("pageshow", keep);
    }
}
