using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Provider.Portal;

internal enum StepState
{
    Waiting,
    Now,
    Stuck,
    Done,
}

/// <param name="Remedy">What a person does about a step that is stuck; null: nothing.</param>
internal sealed record ProgressStep(string Text, StepState State, DateTimeOffset? At = null, double? DurationMs = null, string? Detail = null, string? Remedy = null);

/// <summary>A JOIN as the steps a person watches: the tenant's first call, what the provider makes for it, and its confirmation.</summary>
internal static class JoinProgress
{
    /// <summary>By the names of the workflow's steps, in their order.</summary>
    public static IReadOnlyDictionary<string, (string Text, string Remedy)> Steps { get; } = new Dictionary<string, (string, string)>(StringComparer.Ordinal)
    {
        ["sign-sub-ca"] = ("Its Sub-CA is signed", "The provider's CA refuses or does not answer. Look at the health of the database on the overview and into the provider's log."),
        ["broker"] = ("It has its place at the message broker", "The broker does not answer. Start it, or correct the provider's settings for it; the step is tried again by itself."),
        ["sign-bridge"] = ("Its bridge certificate is signed", "The provider's CA refuses or does not answer. Look at the health of the database on the overview and into the provider's log."),
        ["federation"] = ("The platform's staff can sign in there", "The identity provider does not answer, or does not know this provider yet (iot identity init). The step is tried again by itself."),
    };

    public static IReadOnlyList<ProgressStep> Of(TenantDetail tenant, DateTimeOffset now)
    {
        var called = tenant.Status is TenantStatus.Joining or TenantStatus.Joined or TenantStatus.Active;
        var confirmed = tenant.Status == TenantStatus.Active;
        var steps = new List<ProgressStep> { First(tenant, called, now) };
        var isNow = called;
        foreach (var (name, (text, remedy)) in Steps)
        {
            var made = tenant.Steps.FirstOrDefault(step => step.Step == name);
            if (made?.CompletedAt is { } at)
            {
                steps.Add(new ProgressStep(text, StepState.Done, at, made.DurationMs, made.Note));
                continue;
            }

            var stuck = isNow && made is { LastError: not null, Attempts: > 1 };
            steps.Add(new ProgressStep(text, stuck ? StepState.Stuck : isNow && !confirmed ? StepState.Now : StepState.Waiting, Detail: made?.LastError, Remedy: stuck ? remedy : null));
            isNow = false;
        }

        steps.Add(new ProgressStep("It confirms that it has everything", confirmed ? StepState.Done : isNow ? StepState.Now : StepState.Waiting));
        return steps;
    }

    private static ProgressStep First(TenantDetail tenant, bool called, DateTimeOffset now) => called ? new ProgressStep("The tenant called with its key", StepState.Done)
        : tenant.Status == TenantStatus.Requested ? new ProgressStep("The tenant asks to join", StepState.Now, Detail: "An administrator decides.")
        : tenant.JoinKeyExpiresAt is { } until && until > now ? new ProgressStep("Waiting for the tenant's first call", StepState.Now, Detail: "Start its stack with the JOIN key.")
        : new ProgressStep("Waiting for the tenant's first call", StepState.Stuck, Detail: tenant.JoinKeyExpiresAt is null ? "It has no JOIN key." : "Its JOIN key has expired.", Remedy: "Make a new JOIN key.");
}
