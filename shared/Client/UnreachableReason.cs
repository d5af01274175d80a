namespace IoTPlatform.Client;

public enum UnreachableReason
{
    /// <summary>No connection: refused, no route, unknown name, reset.</summary>
    Connection,

    /// <summary>A connection, but no answer in time.</summary>
    TimedOut,

    /// <summary>TLS failed: not our root, wrong name, expired, or the server refused our certificate.</summary>
    Untrusted,

    /// <summary>An answer that is not this API's: too large, not HTTP, not JSON.</summary>
    NotThisApi,
}
