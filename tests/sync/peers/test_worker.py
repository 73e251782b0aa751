import asyncio
import threading

import pytest

from crdtnotes.errors import NotAVault
from crdtnotes.sync.peers.worker import Worker
from tests.sync.fake import FakeReplica


def test_all_jobs_run_on_one_thread_other_than_the_event_loops() -> None:
    async def main() -> FakeReplica:
        worker = Worker(lambda: FakeReplica(1))
        await worker.start()
        replica = worker.replica
        assert isinstance(replica, FakeReplica)
        await asyncio.gather(*(worker.run(replica.version) for _ in range(10)))
        await worker.stop()
        return replica

    replica = asyncio.run(main())
    assert replica.closed
    assert len(replica.threads) == 1
    assert threading.get_ident() not in replica.threads


def test_an_error_on_opening_is_raised_and_no_thread_is_left() -> None:
    def fail() -> FakeReplica:
        raise NotAVault("This is not a crdtnotes replica.")

    async def main() -> None:
        before = threading.active_count()
        with pytest.raises(NotAVault):
            await Worker(fail).start()
        assert threading.active_count() == before

    asyncio.run(main())


def test_a_cancelled_job_that_has_begun_runs_to_its_end() -> None:
    async def main() -> None:
        worker = Worker(lambda: FakeReplica(1))
        await worker.start()
        begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

        def job() -> None:
            begun.set()
            go_on.wait(10)
            ended.set()

        waiting = asyncio.create_task(worker.run(job))
        await asyncio.to_thread(begun.wait, 10)
        never = asyncio.create_task(worker.run(lambda: pytest.fail("it was cancelled")))
        await asyncio.wait([never], timeout=0)
        waiting.cancel()
        never.cancel()
        await asyncio.wait([waiting, never])
        go_on.set()
        await worker.stop()
        assert ended.is_set()

    asyncio.run(main())


def test_a_worker_that_is_not_running_has_no_replica() -> None:
    async def main() -> None:
        worker = Worker(lambda: FakeReplica(1))
        with pytest.raises(RuntimeError):
            _ = worker.replica
        await worker.stop()

    asyncio.run(main())
