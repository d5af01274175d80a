namespace IoTPlatform.Pki;

/// <summary>When every certificate of a path is in date, in UTC.</summary>
public sealed record ValidityPeriod(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>RFC 5280 4.1.2.5: both ends belong to it.</summary>
    public bool Contains(DateTimeOffset at) => at >= NotBefore && at <= NotAfter;

    internal static ValidityPeriod Of(IReadOnlyList<ParsedCertificate> path) => new(path.Max(c => c.NotBefore), path.Min(c => c.NotAfter));
}
