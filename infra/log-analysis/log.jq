# What every question shares. A log also holds lines that are not ours (Lambda's REPORT, a panic of a library): skipped.

# Every line that is one JSON object.
def lines: inputs | fromjson? | objects;

# Access lines: one a request.
def requests: lines | select(.message == "request");

# The value that at least a share `p` of a sorted array does not exceed (nearest rank).
def percentile(p): .[((length * p | ceil) - 1 | if . < 0 then 0 else . end)];

# Milliseconds are told to a tenth.
def tenth: . * 10 | round / 10;

# A time as written in a line, in seconds.
def seconds: sub("\\.[0-9]+"; "") | fromdateiso8601;
