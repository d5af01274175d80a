namespace IoTPlatform.CertificateAuthority;

internal static class Seconds
{
    /// <summary>Certificates know whole seconds only; rounding both ends from one moment keeps the lifetime exact.</summary>
    public static DateTimeOffset Floor(DateTimeOffset time) => time.AddTicks(-(time.UtcTicks % TimeSpan.TicksPerSecond));
}
