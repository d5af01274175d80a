namespace IoTPlatform.Iot;

/// <summary>The line a host prints once it answers: <c>ready https://127.0.0.1:9443 fingerprint=…</c>; of several addresses the first.</summary>
internal sealed record HostReady(Uri Url, string Fingerprint)
{
    public static HostReady? TryParse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is ["ready", var url, var fingerprint, ..] && Uri.TryCreate(url.Split(',')[0], UriKind.Absolute, out var parsed) && fingerprint.StartsWith("fingerprint=", StringComparison.Ordinal)
            ? new HostReady(parsed, fingerprint["fingerprint=".Length..])
            : null;
    }
}
