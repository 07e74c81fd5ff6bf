"""The body of a 400, as the contract has it."""


def invalid(*mistakes):
    """Of ``(parameter, type, message)``, in their order."""
    return {
        "detail": [
            {"loc": ["query", name], "msg": message, "type": type_}
            for name, type_, message in mistakes
        ]
    }


def unknown(name, known):
    message = f"There is no such parameter; the parameters are {known}."
    return invalid((name, "unknown_parameter", message))


CAMPAIGN_PARAMETERS = (
    "status, from_date, to_date, campaign_id, search, activity_from, activity_to, metrics, "
    "sort_by, sort_order, page, limit"
)
TIMELINE_PARAMETERS = "from_date, to_date, campaign_id, status, interval, metrics"
