"""Takes the steps of touch/steps.json with boto3 and prints a row for each, as JSON.

Usage: python3 touch.py ENDPOINT_URL STEPS
"""

import json
import re
import sys
import urllib.request

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError


def filled(value, kept):
    """The value with what was kept in the place of each {name}."""
    if isinstance(value, dict):
        return {name: filled(item, kept) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, kept) for item in value]
    name = re.fullmatch(r"\{(\w+)\}", value) if isinstance(value, str) else None
    return kept[name[1]] if name else value


def value_at(answer, path):
    for name in path.split("."):
        answer = answer[int(name)] if name.isdigit() else answer[name]
    return answer


def outcome_of(act):
    """Code and message of what was answered; the code is ok for no error."""
    try:
        act()
        return "ok", None
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"].get("Message", "")


def touch(endpoint_url, steps):
    def client(service, checks):
        return boto3.client(
            service,
            endpoint_url=endpoint_url,
            region_name="eu-west-1",
            aws_access_key_id="touch",
            aws_secret_access_key="touch",
            config=Config(parameter_validation=checks, retries={"total_max_attempts": 1}),
        )

    services = {step["service"] for step in steps}
    # Bad input is the server's to refuse, not the client's.
    careless = {service: client(service, False) for service in services}
    careful = {service: client(service, True) for service in services}
    kept = {}

    def ask(clients, step, given):
        method = getattr(clients[step["service"]], botocore.xform_name(step["operation"]))
        return method(**filled(given, kept))

    def keep(step):
        goods = step["good"] if isinstance(step["good"], list) else [step["good"]]
        answer = ask(careful, step, goods[0])
        for name, path in step.get("keep", {}).items():
            kept[name] = value_at(answer, path)
        for good in goods[1:]:
            ask(careful, step, good)

    for step in steps:
        for path, body in step.get("before", []):
            data = json.dumps(filled(body, kept)).encode()
            urllib.request.urlopen(f"{endpoint_url}/_simulator/{path}", data=data).read()
        bad, why = "-", None
        if "bad" in step:
            bad, why = outcome_of(lambda: ask(careless, step, step["bad"]))
        good, why_not = outcome_of(lambda: keep(step))
        row = {"service": step["service"], "operation": step["operation"], "good": good, "bad": bad}
        message = why_not or why
        yield {**row, "message": message} if message else row


if __name__ == "__main__":
    _, url, steps_path = sys.argv
    with open(steps_path, encoding="utf-8") as file:
        print(json.dumps(list(touch(url, json.load(file)))))
