#!/usr/bin/env python3
"""What a month on AWS costs, for three numbers of players: formula, assumptions and prices in one place.

    cost-model.py           prints the tables
    cost-model.py --write   writes them into docs/deployment/cloud.md
    cost-model.py --check   fails if they differ from those there; `cargo xtask check` does this

Every price is USD before tax, without free tiers and discounts, and was entered by hand: check PRICES against Amazon's
price list before a decision rests on them.
"""

import pathlib
import sys

TEMPLATES = pathlib.Path(__file__).parent
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/deployment/cloud.md"
BEGIN, END = "<!-- generated:begin costs (infra/aws/cost-model.py --write) -->\n", "<!-- generated:end costs -->\n"
HOURS = 730
MILLION = 1e6

# Entered from memory, not from the price list.
REGION, DATE = "us-east-1", "2026-11"
PRICES = {
    "http_api_million": 1.00,
    "http_api_million_past_300": 0.90,
    "lambda_request_million": 0.20,
    "lambda_gb_second_arm": 0.0000133334,
    "rds_hour": {"db.t4g.micro": 0.016, "db.t4g.medium": 0.065, "db.r7g.4xlarge": 1.914},
    "rds_gp3_gb": 0.115,
    "rds_proxy_vcpu_hour": 0.015,
    "valkey_hour": {"cache.t4g.micro": 0.0128, "cache.t4g.small": 0.0256, "cache.r7g.large": 0.1752},
    "dynamodb_write_million": 0.625,
    "dynamodb_read_million": 0.125,
    "dynamodb_gb": 0.25,
    "data_out_gb": 0.09,
    "logs_in_gb": 0.50,
    "logs_kept_gb": 0.03,
    "metric": 0.30,
    "metric_past_10000": 0.10,
    "alarm_metric": 0.10,
    "trace_million": 5.00,
    "secret": 0.40,
    "nat_hour": 0.045,
    "nat_gb": 0.045,
    "endpoint_zone_hour": 0.01,
}

# One player in one month, unless said otherwise.
ASSUMED = {
    "requests": (400, "requests: about ten evenings of forty"),
    "logins": (2, "of these, requests that hash a password"),
    "gb_seconds_request": (0.256 * 0.015, "GB-seconds a request: 256 MB for 15 ms"),
    "gb_seconds_login": (0.512 * 0.150, "GB-seconds a login: 512 MB for 150 ms"),
    "cold_share": (0.01, "share of requests that begin with a cold start"),
    "gb_seconds_cold": (0.256 * 0.250, "GB-seconds more of such a one: 250 ms"),
    "answer_kb": (2.5, "KB an answer, headers included"),
    "log_kb": (1.9, "KB of log a request: ours 0.5, API Gateway's 0.3, Lambda's 0.4, metrics 0.7"),
    "session_reads": (60, "lookups of a session: one a minute of play"),
    "session_writes": (14, "refreshes and sign-ins"),
    "stored_kb": (150, "KB that PostgreSQL keeps more of each player every month"),
    "traced": (0.05, "share of requests that X-Ray records"),
    "peak": (4, "the busiest hour over the average one"),
}


def functions(name):
    """How many functions a template of ours has: those of the route table and of the job table, as `cargo xtask gen` wrote them."""
    return (TEMPLATES / name).read_text(encoding="utf-8").count("\n    Type: AWS::Serverless::Function\n")


# What the templates make, whoever plays. The migration has no alarms; beside the generated templates stand hand-written ones.
JOBS = functions("jobs.yaml") - 1
BY_HAND = {"data.yaml", "edge.yaml", "jobs.yaml", "monitoring.yaml", "network.yaml"}
FUNCTIONS = sum(functions(path.name) for path in TEMPLATES.glob("*.yaml") if path.name not in BY_HAND)
# Of API Gateway: six a route. Of the EMF documents: an estimate.
ROUTE_METRICS, EMF_METRICS = 6 * FUNCTIONS, 420

SIZES = {
    "1 k": {
        "players": 1e3, "database": "db.t4g.micro", "multi_az": False, "disk_gb": 20, "proxy_vcpu": 0,
        "redis": "cache.t4g.micro", "nodes": 1, "egress": "endpoints", "alarms": "errors", "busy_share": 0.3,
    },
    "100 k": {
        "players": 1e5, "database": "db.t4g.medium", "multi_az": True, "disk_gb": 50, "proxy_vcpu": 2,
        "redis": "cache.t4g.small", "nodes": 2, "egress": "endpoints", "alarms": "all", "busy_share": 1,
    },
    "10 M": {
        "players": 1e7, "database": "db.r7g.4xlarge", "multi_az": True, "disk_gb": 3000, "proxy_vcpu": 16,
        "redis": "cache.r7g.large", "nodes": 8, "egress": "nat", "alarms": "all", "busy_share": 1,
    },
}


def assumed(name):
    return ASSUMED[name][0]


def costs(size):
    """What each part costs, USD a month."""
    p, players = PRICES, size["players"]
    requests = players * assumed("requests")
    logins = players * assumed("logins")
    millions = requests / MILLION
    gb_seconds = (
        (requests - logins) * assumed("gb_seconds_request")
        + logins * assumed("gb_seconds_login")
        + requests * assumed("cold_share") * assumed("gb_seconds_cold")
    )
    zones = 2 if size["multi_az"] else 1
    log_gb = requests * assumed("log_kb") / 1e6
    out_gb = requests * assumed("answer_kb") / 1e6
    alarms = FUNCTIONS * (4 if size["alarms"] == "all" else 2) + JOBS * 3 + 45
    metrics = (EMF_METRICS + ROUTE_METRICS) * size["busy_share"]
    return {
        "HTTP API": p["http_api_million"] * min(millions, 300) + p["http_api_million_past_300"] * max(millions - 300, 0),
        "Lambda": p["lambda_request_million"] * millions + p["lambda_gb_second_arm"] * gb_seconds,
        "RDS PostgreSQL": zones * (p["rds_hour"][size["database"]] * HOURS + p["rds_gp3_gb"] * size["disk_gb"]),
        "RDS Proxy": p["rds_proxy_vcpu_hour"] * size["proxy_vcpu"] * HOURS,
        "ElastiCache (Valkey)": p["valkey_hour"][size["redis"]] * size["nodes"] * HOURS,
        "DynamoDB": (
            p["dynamodb_write_million"] * players * assumed("session_writes") / MILLION
            + p["dynamodb_read_million"] * players * assumed("session_reads") / MILLION
            + p["dynamodb_gb"] * players * 2 / MILLION
        ),
        "data to players": p["data_out_gb"] * out_gb,
        "logs (7 days)": log_gb * (p["logs_in_gb"] + p["logs_kept_gb"] * 7 / 30),
        "metrics": p["metric"] * metrics,
        "alarms": p["alarm_metric"] * alarms,
        "traces": p["trace_million"] * millions * assumed("traced"),
        "way out": {
            "none": 0,
            "endpoints": p["endpoint_zone_hour"] * 2 * HOURS,
            "nat": p["nat_hour"] * HOURS + p["nat_gb"] * players * 0.0001,
        }[size["egress"]],
        "secrets": p["secret"] * 3,
    }


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def money(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def tables():
    by_size = {name: costs(size) for name, size in SIZES.items()}
    rows = [[part, *(money(by_size[name][part]) for name in SIZES)] for part in next(iter(by_size.values()))]
    totals = {name: sum(parts.values()) for name, parts in by_size.items()}
    rows.append(["**together**", *(f"**{money(total)}**" for total in totals.values())])
    rows.append(["a thousand players", *(money(totals[name] / SIZES[name]["players"] * 1000) for name in SIZES)])
    fixed = ["RDS PostgreSQL", "RDS Proxy", "ElastiCache (Valkey)", "alarms", "way out", "secrets"]
    rows.append(["of this when nobody plays", *(money(sum(by_size[name][part] for part in fixed)) for name in SIZES)])
    volume = [
        ["requests, million", *(money(size["players"] * assumed("requests") / MILLION) for size in SIZES.values())],
        [
            "requests a second, busiest hour",
            *(
                money(size["players"] * assumed("requests") / HOURS / 3600 * assumed("peak"))
                for size in SIZES.values()
            ),
        ],
        ["PostgreSQL", *(f"{s['database']}{', standby' if s['multi_az'] else ''}, {s['disk_gb']} GB" for s in SIZES.values())],
        ["PostgreSQL grows by, GB", *(money(s["players"] * assumed("stored_kb") / 1e6) for s in SIZES.values())],
        ["Redis nodes", *(f"{s['nodes']} {s['redis']}" for s in SIZES.values())],
        ["way out", *(s["egress"] for s in SIZES.values())],
    ]
    names = [f"{name} players" for name in SIZES]
    says = [[f"{value:g}", what] for value, what in ASSUMED.values()]
    return (
        f"Sizes:\n\n{table(['', *names], volume)}\n"
        f"USD a month, {REGION}, prices entered in {DATE}:\n\n{table(['', *names], rows)}\n"
        f"Assumed of one player in one month:\n\n{table(['what', 'value'], [[what, value] for value, what in says])}"
    )


def main(arguments):
    if not arguments:
        print(tables(), end="")
        return 0
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    found, after = rest.split(END)
    if arguments == ["--write"]:
        DOCUMENT.write_text(f"{before}{BEGIN}\n{tables()}\n{END}{after}", encoding="utf-8")
        return 0
    if arguments == ["--check"]:
        if found != f"\n{tables()}\n":
            print(f"{DOCUMENT.name}: the tables of costs are not the model's; run `infra/aws/cost-model.py --write`")
            return 1
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
