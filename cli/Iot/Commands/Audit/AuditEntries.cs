using IoTPlatform.Client;

namespace IoTPlatform.Iot;

internal static class AuditEntries
{
    /// <summary>Whether any entry of the log carries this hash.</summary>
    public static async Task<bool> ContainsAsync(PlatformClient server, string hash, CancellationToken cancellationToken)
    {
        var entries = await Pages.CollectAsync(cursor => server.ListAuditAsync(cursor, cancellationToken: cancellationToken)).ConfigureAwait(false);
        return entries.Any(entry => entry.Hash.Equals(hash, StringComparison.OrdinalIgnoreCase));
    }
}
