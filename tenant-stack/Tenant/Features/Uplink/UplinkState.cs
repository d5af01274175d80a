using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>How the way up is, for operators and <c>/health/ready</c>. A tenant is no less ready while it is closed: what waits is stored.</summary>
internal sealed class UplinkState(TimeProvider time) : IReadinessCheck
{
    private volatile Snapshot _now = new(None, null, null, IsOverBudget: false);

    /// <summary>The provider's broker serves no tenants.</summary>
    public const string None = "none";
    public const string Away = "away";
    public const string Connected = "connected";

    public string Name => "uplink";

    public string State => _now.State;

    public ProblemException? Problem => null;

    public Snapshot Now => _now;

    public void IsNone() => _now = new Snapshot(None, null, null, IsOverBudget: false);

    public void IsConnected() => _now = new Snapshot(Connected, time.GetUtcNow(), null, IsOverBudget: false);

    /// <param name="reason">For operators.</param>
    /// <param name="isOverBudget">What the plan lets this tenant send is used up.</param>
    public void IsAway(string reason, bool isOverBudget = false) => _now = new Snapshot(Away, null, reason, isOverBudget);

    /// <param name="State">One of the words above.</param>
    /// <param name="Since">When it was connected.</param>
    /// <param name="Reason">Why it is not.</param>
    /// <param name="IsOverBudget">It waits until the plan lets it send again.</param>
    internal sealed record Snapshot(string State, DateTimeOffset? Since, string? Reason, bool IsOverBudget);
}
