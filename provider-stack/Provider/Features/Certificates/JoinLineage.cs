namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>The lineage of everything that was issued for a JOIN, kept by renewals and rotations.</summary>
internal static class JoinLineage
{
    private const string Prefix = "join:";

    public static string Of(Guid joinId) => $"{Prefix}{joinId:N}";

    /// <summary>The JOIN; null: it is no JOIN's.</summary>
    public static Guid? Parse(string? lineage) =>
        lineage is not null && lineage.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(lineage.AsSpan(Prefix.Length), "N", out var joinId) ? joinId : null;
}
