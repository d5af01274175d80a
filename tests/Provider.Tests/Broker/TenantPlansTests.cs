using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Broker;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class TenantPlansTests
{
    [Fact]
    public void Parse_GoodEntries_HasTheirLimits()
    {
        var plans = TenantPlans.Parse(["standard=10/100/7", "fleet=500/9000", "metered=10/100/7/50/20000", "counted=10/100/60:200", "both=1/2/3:4/5/6"]);

        plans.LimitsOf("fleet").MaxConnections.ShouldBe(500);
        plans.LimitsOf("fleet").MaxQueues.ShouldBe(9000);
        plans.CertificatesPerHourOf("standard").ShouldBe(7);
        plans.CertificatesPerHourOf("fleet").ShouldBe(60);
        plans.Require("fleet").ShouldBe("fleet");
        plans.BudgetOf("fleet").ShouldBeNull();
        plans.CertificatesPerMonthOf("standard").ShouldBeNull();
        plans.CertificatesPerMonthOf("counted").ShouldBe(200);
        plans.BudgetsOf("acme", "counted").Single().ShouldBe(IssuanceBudget.MonthOf("acme", 200));
        (plans.CertificatesPerHourOf("both"), plans.CertificatesPerMonthOf("both"), plans.BudgetOf("both")).ShouldBe((3, 4, new TelemetryBudget(5, 6)));
        plans.BudgetOf("metered").ShouldBe(new TelemetryBudget(50, 20_000));
    }

    [Fact]
    public void LimitsOf_PlanThatIsGone_AreTheStandards() =>
        TenantPlans.Parse(["standard=7/70"]).LimitsOf("large").ShouldBe(TenantPlans.Parse(["standard=7/70"]).LimitsOf("standard"));

    [Fact]
    public void Require_UnknownPlan_SaysWhichThereAre() =>
        Should.Throw<ProblemException>(() => TenantPlans.Default.Require("huge")).Message.ShouldContain("large, small, standard");

    [Theory]
    [InlineData("standard")]
    [InlineData("standard=10")]
    [InlineData("standard=0/100")]
    [InlineData("standard=10/-1")]
    [InlineData("standard=10/1000000")]
    [InlineData("standard=10/100/0")]
    [InlineData("standard=10/100/")]
    [InlineData("standard=10/100/7/50")]
    [InlineData("standard=10/100/7:0")]
    [InlineData("standard=10/100/:7")]
    [InlineData("standard=10/100/7/0/1000")]
    [InlineData("Standard=10/100")]
    [InlineData("large=100/1000")]
    [InlineData("")]
    public void Parse_BadEntry_IsRefused(string entry) => Should.Throw<FormatException>(() => TenantPlans.Parse([entry]));

    [Fact]
    public void Parse_PlanTwice_IsRefused() => Should.Throw<FormatException>(() => TenantPlans.Parse(["standard=1/1", "standard=2/2"]));
}
