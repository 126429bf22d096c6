"""Lints IAM policies: reads JSON, policy documents by name, and prints a line a finding.

parliament knows which actions there are, which resources and conditions each takes, and what a malformed ARN is.
"""

import json
import sys

import parliament

for name, document in json.load(sys.stdin).items():
    policy = parliament.analyze_policy_string(json.dumps(document))
    for finding in policy.findings:
        print(f"{name}: {finding.issue} {json.dumps(finding.detail)}")
