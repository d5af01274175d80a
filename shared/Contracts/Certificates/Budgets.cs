namespace IoTPlatform.Contracts.Certificates;

/// <summary>How many certificates, or active endpoints, a provisioner or the whole stack may give out, and how many it has.</summary>
public sealed record BudgetView
{
    /// <summary>Null: of the whole stack.</summary>
    public string? Provisioner { get; init; }

    /// <summary><c>hour</c>, <c>month</c> or <c>endpoints</c>.</summary>
    public required string Span { get; init; }

    public required int Most { get; init; }

    public required int Used { get; init; }

    /// <summary>When it begins anew; null: as certificates end.</summary>
    public DateTimeOffset? ResetsAt { get; init; }
}

public sealed record BudgetList
{
    public required IReadOnlyList<BudgetView> Items { get; init; }
}
