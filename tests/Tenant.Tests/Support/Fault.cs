namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>Spoils one call whose path contains <paramref name="Path"/>. Without a status the connection breaks.</summary>
internal sealed record Fault(string Path)
{
    public int? Status { get; init; }
    public string Code { get; init; } = "dependency_unavailable";
    public int? RetryAfter { get; init; }

    /// <summary>The call takes effect before the connection breaks.</summary>
    public bool LosesAnswer { get; init; }
}
