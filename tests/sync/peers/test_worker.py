import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from crdtnotes import Vault
from crdtnotes.errors import NotAVault
from crdtnotes.store.committed import Committed, Origin
from crdtnotes.store.replica import Replica
from crdtnotes.sync.peers.worker import Worker
from tests.sync.fake import FakeReplica


def test_all_jobs_run_on_one_thread_that_is_not_the_loops() -> None:
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


def test_what_opening_raises_is_raised_and_no_thread_is_left() -> None:
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


def test_a_worker_that_does_not_run_has_no_replica() -> None:
    async def main() -> None:
        worker = Worker(lambda: FakeReplica(1))
        with pytest.raises(RuntimeError):
            _ = worker.replica
        await worker.stop()

    asyncio.run(main())


def test_a_commit_reaches_the_subscribers_before_the_job_is_done() -> None:
    async def main() -> None:
        worker = Worker(lambda: FakeReplica(1))
        await worker.start()
        replica = worker.replica
        assert isinstance(replica, FakeReplica)
        heard: list[tuple[Committed, object]] = []
        end = worker.subscribe(lambda committed, by: heard.append((committed, by)))
        await worker.run(replica.write, "somebody")
        assert [(committed.origin, by) for committed, by in heard] == [(Origin.LOCAL, "somebody")]
        end()
        await worker.run(replica.write)
        assert len(heard) == 1
        await worker.stop()

    asyncio.run(main())


def test_a_file_is_asked_about_other_processes_once_after_a_commit_of_its_own(tmp_path: Path) -> None:
    """The clock of the file system may not have ticked between the two; the own commit itself is no news."""
    path = tmp_path / "vault"
    Replica.create(path, "laptop").close()

    async def main() -> None:
        vaults: list[Vault] = []

        def opened() -> Replica:
            vaults.append(Vault(Replica(path)))
            return vaults[0].replica

        worker = Worker(opened, path)
        await worker.start()
        jobs = 0
        submit = worker._executor.submit

        def counted(*arguments: Any) -> Any:
            nonlocal jobs
            jobs += 1
            return submit(*arguments)

        worker._executor.submit = counted  # type: ignore[method-assign, assignment]
        heard: asyncio.Queue[Committed] = asyncio.Queue()
        worker.subscribe(lambda committed, _: heard.put_nowait(committed))
        async with asyncio.timeout(20):
            while not (worker._watch and worker._watch._settle_at is None):
                await asyncio.sleep(0.002)
            jobs = 0
            await worker.run(lambda: vaults[0].create_note("here"))
            own = await heard.get()
            assert own.origin is Origin.LOCAL
            assert own.names_changed
            while worker._watch._settle_at is not None or worker._checking is not None:
                await asyncio.sleep(0.002)
            assert jobs == 2
            assert heard.empty()
            with Vault.open(path) as other:
                note = other.create_note("elsewhere")
            seen = await heard.get()
            assert (seen.origin, seen.notes) == (Origin.PROCESS, frozenset({bytes.fromhex(note.id)}))
        await worker.stop()

    asyncio.run(main())
