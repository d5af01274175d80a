using System.Globalization;

namespace IoTPlatform.Client;

/// <summary>How far this machine's clock is from a server's, by the Date header (RFC 9110 6.6.1). Good for a message, never for a decision: it is not authenticated.</summary>
public static class ServerClock
{
    /// <summary>Below it a difference explains nothing: every check of the platform allows for a minute.</summary>
    private static readonly TimeSpan Negligible = TimeSpan.FromSeconds(30);
    private const int MaxAnswerBytes = 64 * 1024;

    /// <summary>The server's time minus this machine's. Null when it does not answer, or without a date.</summary>
    public static async Task<TimeSpan?> DifferenceAsync(Uri baseUrl, TimeProvider time, CancellationToken cancellationToken)
    {
        using var http = PlatformHttp.CreateUnverified(baseUrl, TimeSpan.FromSeconds(5), MaxAnswerBytes);
        try
        {
            using var response = await http.GetAsync("health", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.Headers.Date - time.GetUtcNow();
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>"this machine's clock is 90 s behind https://…"; null when the difference is known and explains nothing.</summary>
    public static string? Describe(TimeSpan? difference, Uri server) => difference switch
    {
        null => null,
        { } d when d.Duration() < Negligible => null,
        { } d => $"this machine's clock is {Text(d.Duration())} {(d > TimeSpan.Zero ? "behind" : "ahead of")} that of {server}: set it (NTP); nothing else has to be done",
    };

    // The Date header has whole seconds: what is all but two days is two days.
    private static string Text(TimeSpan time) => time switch
    {
        { TotalSeconds: < 119.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        { TotalMinutes: < 119.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        { TotalHours: < 47.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0.#} days"),
    };
}
