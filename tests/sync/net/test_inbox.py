import asyncio

from crdtnotes.sync.net.inbox import Inbox


def test_frames_are_taken_in_bursts() -> None:
    async def main() -> None:
        inbox = Inbox(10_000)
        for frame in (b"aa", b"bb", b"ccc", b"d" * 50):
            await inbox.put(frame)
        assert await inbox.take(5) == [b"aa", b"bb"]
        assert await inbox.take(5) == [b"ccc"]
        assert await inbox.take(5) == [b"d" * 50]

    asyncio.run(main())


def test_the_producer_waits_for_room() -> None:
    async def main() -> None:
        inbox = Inbox(1000)
        await inbox.put(bytes(2000))
        giver = asyncio.create_task(inbox.put(b"next"))
        done, _ = await asyncio.wait([giver], timeout=0)
        assert not done
        assert await inbox.take(10) == [bytes(2000)]
        await giver
        assert await inbox.take(10) == [b"next"]

    asyncio.run(main())


def test_empty_frames_take_room_too() -> None:
    async def main() -> int:
        inbox = Inbox(10_000)
        count = 0
        giver = asyncio.create_task(inbox.put(b""))
        while (await asyncio.wait([giver], timeout=0.2))[0]:
            count += 1
            giver = asyncio.create_task(inbox.put(b""))
        inbox.close()
        await giver
        return count

    assert asyncio.run(main()) == 100


def test_the_consumer_waits_for_a_frame_or_the_end() -> None:
    async def main() -> None:
        inbox = Inbox(1000)
        taker = asyncio.create_task(inbox.take(10))
        await inbox.put(b"a")
        assert await taker == [b"a"]
        taker = asyncio.create_task(inbox.take(10))
        await asyncio.wait([taker], timeout=0)
        inbox.close()
        assert await taker == []

    asyncio.run(main())


def test_frames_queued_before_the_end_can_still_be_taken() -> None:
    async def main() -> None:
        inbox = Inbox(1000)
        await inbox.put(b"a")
        inbox.close()
        await inbox.put(b"too late")
        assert await inbox.take(10) == [b"a"]
        assert await inbox.take(10) == []

    asyncio.run(main())


def test_discarded_frames_are_gone_and_nobody_waits() -> None:
    async def main() -> None:
        inbox = Inbox(10)
        await inbox.put(bytes(20))
        giver = asyncio.create_task(inbox.put(b"b"))
        await asyncio.wait([giver], timeout=0)
        inbox.close(discard=True)
        await giver
        assert await inbox.take(10) == []

    asyncio.run(main())
