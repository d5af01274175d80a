using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Provider.Portal;
using IoTPlatform.Provider.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Portal;

public sealed class JoinProgressTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [SkippableFact]
    public void Steps_AreThoseOfTheWorkflow() =>
        JoinProgress.Steps.Keys.ShouldBe(fixture.Provider.Services.GetServices<IJoinStep>().Select(step => step.Name));

    [Fact]
    public void Prepared_WaitsForTheFirstCall() => States(Tenant(TenantStatus.Prepared, Now.AddDays(1))).ShouldBe([StepState.Now, StepState.Waiting, StepState.Waiting, StepState.Waiting, StepState.Waiting, StepState.Waiting]);

    [Theory]
    [InlineData(null)]
    [InlineData(-1)]
    public void Prepared_WithoutAKeyThatWorks_IsStuck_AndSaysWhatToDo(int? hours)
    {
        var first = JoinProgress.Of(Tenant(TenantStatus.Prepared, hours is { } h ? Now.AddHours(h) : null), Now)[0];

        first.State.ShouldBe(StepState.Stuck);
        first.Remedy.ShouldBe("Make a new JOIN key.");
    }

    [Fact]
    public void Joining_TheFirstStepThatIsNotDone_IsNow() =>
        States(Tenant(TenantStatus.Joining, null, Done("sign-sub-ca"))).ShouldBe([StepState.Done, StepState.Done, StepState.Now, StepState.Waiting, StepState.Waiting, StepState.Waiting]);

    [Fact]
    public void Joining_AStepThatFailedTwice_IsStuck_WithReasonAndRemedy()
    {
        var broker = JoinProgress.Of(Tenant(TenantStatus.Joining, null, Done("sign-sub-ca"), new JoinStepView { Step = "broker", Attempts = 2, LastError = "RabbitMQ does not answer." }), Now)[2];

        broker.State.ShouldBe(StepState.Stuck);
        broker.Detail.ShouldBe("RabbitMQ does not answer.");
        broker.Remedy.ShouldNotBeNull().ShouldContain("tried again by itself");
    }

    [Fact]
    public void Joined_WaitsForTheConfirmation_AndActiveIsDone()
    {
        JoinStepView[] all = [.. JoinProgress.Steps.Keys.Select(Done)];

        States(Tenant(TenantStatus.Joined, null, all))[^1].ShouldBe(StepState.Now);
        States(Tenant(TenantStatus.Active, null, all)).ShouldAllBe(state => state == StepState.Done);
    }

    private static List<StepState> States(TenantDetail tenant) => [.. JoinProgress.Of(tenant, Now).Select(step => step.State)];

    private static JoinStepView Done(string step) => new() { Step = step, Attempts = 1, CompletedAt = Now, DurationMs = 5 };

    private static TenantDetail Tenant(TenantStatus status, DateTimeOffset? key, params JoinStepView[] steps) => new()
    {
        TenantId = "acme",
        DisplayName = "Acme",
        Status = status,
        Plan = "standard",
        CreatedAt = Now,
        JoinKeyExpiresAt = key,
        DnsDomains = [],
        Steps = steps,
        SubCaSerials = [],
    };
}
