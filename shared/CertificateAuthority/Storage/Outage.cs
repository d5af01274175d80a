namespace IoTPlatform.CertificateAuthority.Storage;

internal static class Outage
{
    /// <summary>A database that is away, or too slow, becomes 503 <c>database_unavailable</c>.</summary>
    public static async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is not OperationCanceledException && LedgerErrors.IsOutage(e))
        {
            throw LedgerErrors.Unavailable(e);
        }
    }
}
