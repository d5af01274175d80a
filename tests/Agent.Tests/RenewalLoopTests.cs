using System.Threading.Channels;
using IoTPlatform.Client.Tests.Doubles;

namespace IoTPlatform.Agent.Tests;

public sealed class RenewalLoopTests
{
    [Fact]
    public async Task Loop_AfterTwoThirdsPlusJitter_RenewsAndPlansAgain()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        await using var loop = new RunningLoop(tenant, jitter: 0.5);

        var waiting = await loop.NextAsync(AgentEventKind.Waiting);
        var renewed = await loop.NextAsync(AgentEventKind.Renewed);
        var again = await loop.NextAsync(AgentEventKind.Waiting);

        renewed.At.ShouldBeGreaterThanOrEqualTo(waiting.Next!.Value);
        renewed.At.ShouldBeLessThan(waiting.At + TimeSpan.FromHours(19));
        again.Next!.Value.ShouldBeGreaterThan(renewed.At + TimeSpan.FromHours(15));
        tenant.Calls.Count.ShouldBe(2);
    }

    /// <summary>It looks every hour. Here the tenant has no other Sub-CA, so that its server is refused.</summary>
    [Fact]
    public async Task Loop_ItsSubCaIsRevoked_RenewsThoughItIsNotDue()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        await using var loop = new RunningLoop(tenant);
        var waiting = await loop.NextAsync(AgentEventKind.Waiting);

        tenant.List = () => tenant.Revoking(number: 2, tenant.Server.Authority.Issuer);

        (await loop.NextAsync(AgentEventKind.Waiting)).Message.ShouldContain("is revoked: renewing now");
        var tried = await loop.NextAsync(AgentEventKind.Retrying);
        tried.Message.ShouldContain("revoked its Sub-CA");
        tried.At.ShouldBeLessThan(waiting.At + TimeSpan.FromHours(3));
    }

    /// <summary>Lists of the new one say nothing of a chain that stands on the former: until it has renewed, no revoked Sub-CA would be known to it.</summary>
    [Fact]
    public async Task Loop_TheIntermediateWasReplaced_RenewsThoughItIsNotDue()
    {
        using var other = new TestAuthority("Other Root");
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        await using var loop = new RunningLoop(tenant);
        var waiting = await loop.NextAsync(AgentEventKind.Waiting);

        tenant.List = () => TestRevocationList.Create(other.Intermediate, 2, tenant.Time.GetUtcNow().AddMinutes(-1), tenant.Time.GetUtcNow().AddDays(14));

        (await loop.NextAsync(AgentEventKind.Waiting)).Message.ShouldContain("another Intermediate CA");
        (await loop.NextAsync(AgentEventKind.Renewed)).At.ShouldBeLessThan(waiting.At + TimeSpan.FromHours(3));
    }

    [Fact]
    public async Task Loop_TenantAsksForTime_WaitsAtLeastThatLong()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.Fault = async (context, _) =>
        {
            if (tenant.Calls.Count > 3)
            {
                return false;
            }

            await context.ProblemAsync(503, "dependency_unavailable", "later", retryAfter: 1200);
            return true;
        };
        await using var loop = new RunningLoop(tenant);

        var first = await loop.NextAsync(AgentEventKind.Retrying);
        var second = await loop.NextAsync(AgentEventKind.Retrying);
        var renewed = await loop.NextAsync(AgentEventKind.Renewed);

        (second.At - first.At).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(20));
        (renewed.At - second.At).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(20));
    }

    [Theory]
    [InlineData("device_revoked")]
    [InlineData("certificate_revoked")]
    public async Task Loop_Revoked_StopsWithAClearMessage(string code)
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.Fault = async (context, _) =>
        {
            await context.ProblemAsync(403, code, "stolen");
            return true;
        };
        await using var loop = new RunningLoop(tenant);

        (await loop.NextAsync(AgentEventKind.Revoked)).Message.ShouldContain("revoked this device");

        (await loop.Outcome).ShouldBe(AgentOutcome.Revoked);
        tenant.Calls.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Loop_RefusedForAnotherReason_KeepsTryingUntilItExpires()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.Fault = async (context, _) =>
        {
            await context.ProblemAsync(401, "unauthorized", "who are you");
            return true;
        };
        await using var loop = new RunningLoop(tenant);

        (await loop.NextAsync(AgentEventKind.Expired)).Message.ShouldContain("enrol again");

        (await loop.Outcome).ShouldBe(AgentOutcome.Expired);
        tenant.Calls.Count.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task Loop_ClockAheadOfTheCertificate_SaysByHowMuchAndKeepsTrying()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.ClockAhead = -TimeSpan.FromDays(2);
        tenant.Time.Advance(TimeSpan.FromDays(2));
        tenant.Fault = async (context, _) =>
        {
            await context.ProblemAsync(401, "unauthorized", "not now");
            return true;
        };
        await using var loop = new RunningLoop(tenant);

        (await loop.NextAsync(AgentEventKind.Retrying)).Message.ShouldContain("this machine's clock is 2 days ahead");
        (await loop.NextAsync(AgentEventKind.Retrying)).Message.ShouldContain("set it");
    }

    [Fact]
    public async Task Loop_ConnectionBreaks_KeepsTheIdentityAndTriesAgain()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.Fault = (context, _) =>
        {
            if (tenant.Calls.Count > 3)
            {
                return Task.FromResult(false);
            }

            context.Abort();
            return Task.FromResult(true);
        };
        await using var loop = new RunningLoop(tenant);

        await loop.NextAsync(AgentEventKind.Retrying);
        await loop.NextAsync(AgentEventKind.Renewed);
    }

    [Fact]
    public async Task Loop_Stopped_EndsCleanly()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        await using var loop = new RunningLoop(tenant);
        await loop.NextAsync(AgentEventKind.Waiting);

        await loop.StopAsync();

        (await loop.Outcome).ShouldBe(AgentOutcome.Stopped);
    }

    [Fact]
    public async Task Loop_NotEnrolled_SaysWhatToDo()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await using var loop = new RunningLoop(tenant);

        (await Should.ThrowAsync<AgentException>(() => loop.Outcome)).Message.ShouldContain("enrol first");
    }

    /// <summary>A loop on a clock that runs as fast as the events come.</summary>
    private sealed class RunningLoop : IAsyncDisposable
    {
        private readonly Channel<AgentEvent> _events = Channel.CreateUnbounded<AgentEvent>();
        private readonly CancellationTokenSource _stop = new();
        private readonly FakeTenant _tenant;
        private readonly DeviceFolder _folder;

        public RunningLoop(FakeTenant tenant, double jitter = 0)
        {
            _tenant = tenant;
            _folder = tenant.Open();
            var loop = new RenewalLoop(_folder, tenant.Agent(_folder), tenant.Time, new FixedJitter(jitter), e => _events.Writer.TryWrite(e));
            Outcome = Task.Run(() => loop.RunAsync(_stop.Token));
        }

        public Task<AgentOutcome> Outcome { get; }

        public Task StopAsync() => _stop.CancelAsync();

        /// <summary>Lets time pass until such an event comes.</summary>
        public async Task<AgentEvent> NextAsync(AgentEventKind kind)
        {
            while (true)
            {
                // Asked first: what the loop said last comes before its end.
                var ended = Outcome.IsCompleted;
                while (_events.Reader.TryRead(out var e))
                {
                    if (e.Kind == kind)
                    {
                        return e;
                    }
                }
                if (ended)
                {
                    throw new InvalidOperationException($"the loop ended with {await Outcome} without {kind}");
                }
                // Only while the loop sleeps, never while it waits for an answer.
                if (_tenant.Time.PendingTimers > 0)
                {
                    _tenant.Time.Advance(TimeSpan.FromMinutes(1));
                }

                await Task.Yield();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Outcome.ContinueWith(_ => { }, TaskScheduler.Default);
            _folder.Dispose();
            _stop.Dispose();
        }
    }
}
