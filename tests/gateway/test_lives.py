"""Random true histories of a register, a clock and a gateway: what is shipped is true, and of one true life."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.boundary import Boundaries, StandAt
from gateway.counter import Counter
from gateway.observation import Observation
from metering.wire import ClockState
from runtime.timebase import UNKNOWN, Timebase

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
POWER = 72_000
GAP = timedelta(seconds=300)
LENGTH = timedelta(minutes=1)
"""Far more stands than hours have: each is a chance to be wrong."""
TOOK = timedelta(milliseconds=40)
MODULUS = 10_000_000


@dataclass
class World:
    """The truth; instants without a name are true ones, ``wall`` is what the gateway's clock shows."""

    modulus: int | None
    at: datetime = NOON - timedelta(minutes=3)
    booted: datetime = NOON - timedelta(hours=1)
    off: timedelta = timedelta(0)
    state: ClockState = ClockState.SYNCHRONISED
    settled: bool = True
    life: int = 0
    count: int = 5_000_000
    stuck_at: int | None = None
    below: int | None = None
    """After a reset that only its values tell: it stays below what was shown before until a new life has begun."""
    glitch: str = ""
    misled: bool = False
    """The last reading was a false one; two in a row that agree are beyond any gateway."""
    clean: list[tuple[datetime, int, int]] = field(default_factory=list)
    """Every true reading: when it was sent, of which life, what it showed, its turns counted."""
    counter: Counter = field(default_factory=lambda: Counter(POWER))
    boundaries: Boundaries = field(default_factory=lambda: Boundaries(GAP, LENGTH))
    stands: list[tuple[StandAt, timedelta]] = field(default_factory=list)
    """With how far the clock was off when each was decided."""

    @property
    def base(self) -> Timebase:
        return Timebase(self.state, self.booted + self.off, self.settled)

    def go_on(self, seconds: int, percent: int) -> None:
        self.at += timedelta(seconds=seconds)
        self.count += POWER * seconds * percent // 360_000
        if self.below is not None:
            self.count = min(self.count, self.below)
        self.decide(())

    def poll(self, *, again: bool) -> None:
        before = self.counter
        self.read()
        if self.counter.rejecting and not before.rejecting and again:
            self.read()

    def read(self) -> None:
        sent, self.at = self.at, self.at + TOOK
        shown = self.count if self.stuck_at is None else self.stuck_at
        value = self.misread(shown) if self.glitch else shown % self.modulus if self.modulus else shown
        if not self.glitch:
            self.clean.append((sent, self.life, shown))
        self.misled, self.glitch = bool(self.glitch), ""
        modulus = None if self.modulus is None else Decimal(self.modulus)
        wh = None if value is None else Decimal(value)
        seen = Observation(wh, Decimal(1), sent + self.off, self.at + self.off, Decimal(1), modulus, self.base)
        epoch = self.counter.last and self.counter.last.epoch
        self.counter, judged = self.counter.observe(seen)
        if self.counter.last and self.counter.last.epoch != epoch:
            self.below = None
        self.decide(judged.accepted)

    def misread(self, shown: int) -> int | None:
        last = self.counter.last
        if self.glitch == "nothing" or (self.glitch == "zero" and shown < 10**6):
            return None  # Just after a reset a false zero can't be told from a true one.
        if self.glitch == "spike" and last is not None and not self.counter.young:
            # As far as a register may have come that was stuck all the time, and farther than since the last poll.
            passed = self.at + self.off - last.sent - last.base.step_to(self.base)
            return shown + 3 + int((passed + last.idle) / timedelta(hours=1) * POWER)
        return 0 if self.glitch == "zero" else 10**9

    def decide(self, accepted: tuple) -> None:
        self.boundaries, found = self.boundaries.advance(self.at + self.off, accepted, self.base)
        self.stands += [(one, self.off) for one in found if isinstance(one, StandAt)]

    def begin_anew(self) -> None:
        """The gateway's program: it has what it remembers, and the clock as it is."""
        last = None if self.counter.young or not self.counter.last else self.counter.last
        last = last and replace(last, base=UNKNOWN, idle=timedelta(0))
        self.counter = Counter(POWER, last, restored=last is not None, serial=self.counter.serial)
        self.boundaries = Boundaries.after(last, GAP, LENGTH) if last else Boundaries(GAP, LENGTH)
        self.decide(())

    def check(self) -> None:
        lives: dict[str, int] = {}
        values: dict[str, dict[datetime, Decimal]] = {}
        for stand, off in self.stands:
            before = [one for one in self.clean if one[0] + TOOK == stand.before - off]
            after = [one for one in self.clean if one[0] == stand.after - off]
            assert before, "rests on a reading that was never true"
            assert after, "rests on a reading that was never true"
            assert before[0][1] == after[0][1], "joins two lives"
            assert lives.setdefault(stand.epoch, before[0][1]) == before[0][1], "an epoch of two lives"
            # Turns before the gateway's first reading are none that it could count.
            turned = 0 if self.modulus is None else before[0][2] // self.modulus * self.modulus
            low, high = (one[2] - turned for one in (before[0], after[0]))
            turns = (
                0 if self.modulus is None else int(stand.wh - low + self.modulus // 2) // self.modulus * self.modulus
            )
            assert low <= stand.wh - turns <= high, "outside its polls"
            assert stand.before <= stand.at <= stand.after
            assert stand.after - stand.before <= GAP
            values.setdefault(stand.epoch, {}).setdefault(stand.at, stand.wh)


ACTIONS = st.one_of(
    st.tuples(st.just("poll"), st.integers(1, 60), st.integers(0, 100)),
    st.tuples(st.just("poll"), st.integers(1, 60), st.integers(0, 100)),
    st.tuples(st.just("polls"), st.integers(1, 20), st.integers(0, 100)),
    st.tuples(st.just("silence"), st.sampled_from([100, 290, 310, 900, 3590, 10_000]), st.integers(0, 100)),
    st.tuples(st.just("idle"), st.integers(2, 20), st.just(0)),
    st.tuples(st.just("glitch"), st.sampled_from(["zero", "nothing", "spike", "far spike"]), st.booleans()),
    st.tuples(st.just("stuck"), st.just(0), st.just(0)),
    st.tuples(st.just("free"), st.just(0), st.just(0)),
    st.tuples(st.just("reset"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("exchange"), st.sampled_from([0, 1, 20, 5000, 10**6]), st.just(0)),
    st.tuples(st.just("step"), st.sampled_from([-7200, -600, -30, -1, 1, 30, 600, 3000, 86_400]), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
    st.tuples(st.just("reboot"), st.sampled_from([-86_400 * 400, -7200, -1000]), st.just(0)),
    st.tuples(st.just("set right"), st.just(0), st.just(0)),
)


def act(world: World, name: str, first: object, second: object) -> None:
    match name:
        case "poll":
            world.go_on(first, second)
            world.poll(again=True)
        case "polls":
            for _ in range(12):
                world.go_on(first, second)
                world.poll(again=True)
        case "silence":
            world.go_on(first, second)
        case "idle":
            for _ in range(first):
                world.go_on(60, 0)
                world.poll(again=True)
        case "glitch" if not world.misled:
            world.go_on(10, 50)
            world.glitch = first
            world.poll(again=bool(second))
        case "stuck" if world.modulus is None:
            world.stuck_at = world.count if world.stuck_at is None else world.stuck_at
        case "free":
            world.stuck_at = None
        case "reset" if world.count > 3_000_000 and world.counter.last and world.below is None and not world.modulus:
            world.stuck_at, world.life = None, world.life + 1
            world.below, world.count = int(world.counter.last.wh) - 1, first
        case "exchange":
            world.stuck_at, world.life, world.below = None, world.life + 1, None
            world.count += first
            world.counter = world.counter.told(f"S{world.life}")
        case "step":
            world.off += timedelta(seconds=first)
            world.decide(())
        case "restart" if world.off == timedelta(0) and world.state is ClockState.SYNCHRONISED:
            world.begin_anew()
        case "reboot" if world.off == timedelta(0) and world.state is ClockState.SYNCHRONISED:
            world.at += timedelta(seconds=20)
            world.booted, world.off = world.at, timedelta(seconds=first)
            world.state, world.settled = ClockState.UNSYNCHRONISED, False
            world.begin_anew()
        case "set right":
            world.off, world.state, world.settled = timedelta(0), ClockState.SYNCHRONISED, True
            world.decide(())


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, min_size=5, max_size=40), st.sampled_from([None, None, MODULUS]))
def test_what_is_shipped_is_true_and_of_one_life(actions, modulus):
    world = World(modulus)
    world.counter = world.counter.told("S0")
    for action in actions:
        act(world, *action)
    world.check()
