"""What CloudFormation would be given after SAM, for each template named: one JSON object, templates by name.

Offline: artefacts stand where `sam package` would have put them, and parameters have their defaults.
"""

import json
import logging
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# Any that has all services; no request is made.
REGION = "eu-central-1"
# Names of AWS's policies that templates use; these use none.
MANAGED = {}


def transformed(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in properties:
            # Kept, so that whoever reads the result can see whose code it is.
            properties["CodeUri"] = {"Bucket": "artefacts", "Key": properties["CodeUri"]}
        if resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = "https://artefacts.s3.amazonaws.com/" + properties["Location"]
    translator = Translator(MANAGED, Parser(), boto_session=boto3.Session(region_name=REGION))
    return translator.translate(template, {})


if __name__ == "__main__":
    # It would complain that it cannot ask for Amazon's feature toggles.
    logging.disable(logging.CRITICAL)
    json.dump({path: transformed(path) for path in sys.argv[1:]}, sys.stdout)
