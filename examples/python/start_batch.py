"""Starts a batch run, follows it, and prints its report: python start_batch.py dir-...

The workflow's names and JSON are the contract. The worker is `temporal-llamacloud worker`.
"""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

JOB = {"type": "parse_v2", "configurationId": "cfg-PARSE_AGENTIC"}


async def print_progress(handle: WorkflowHandle, ended: asyncio.Event) -> None:
    while not ended.is_set():
        try:
            progress = await handle.query("progress", rpc_timeout=timedelta(seconds=10))
            print(progress["phase"], progress["files"], flush=True)
        except RPCError as error:
            # Such as a worker that is busy.
            print(error, file=sys.stderr)
        try:
            await asyncio.wait_for(ended.wait(), timeout=5)
        except asyncio.TimeoutError:
            pass


async def main(directory_id: str) -> None:
    client = await Client.connect(**ClientConfig.load_client_connect_config())
    handle = await client.start_workflow(
        "processBatch",
        {"directoryId": directory_id, "job": JOB},
        # This id keeps a second run from the same directory, job type and configuration while this one is open.
        id=f"llamacloud/{directory_id}/{JOB['type']}/{JOB['configurationId']}",
        task_queue="llamacloud",
    )
    print("Started", handle.id)
    ended = asyncio.Event()
    progress = asyncio.create_task(print_progress(handle, ended))
    try:
        report = await handle.result()
        files = report["files"]
        print(f"{files['completed']} of {files['total']} files completed. Manifest: {report['manifest']}")
    except WorkflowFailureError as error:
        # The type is one of the failure types of the reference, such as TooManyFailedFiles. The first detail is the report.
        if isinstance(error.cause, ApplicationError):
            print(error.cause.type, error.cause.details[:1], file=sys.stderr)
        raise
    finally:
        ended.set()
        await progress


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give the id of a directory: python start_batch.py dir-...")
    asyncio.run(main(sys.argv[1]))
    # A short program may crash while Python ends: https://github.com/temporalio/sdk-python/issues/300
    sys.stdout.flush()
    os._exit(0)
