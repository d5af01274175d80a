namespace IoTPlatform.Client;

public enum UnreachableReason
{
    /// <summary>No connection: refused, no route, unknown name, reset, a handshake that broke.</summary>
    Connection,

    /// <summary>A connection, but no answer in time.</summary>
    TimedOut,

    /// <summary>The server's certificate was seen and does not verify: not our root, another server, a wrong name, revoked.</summary>
    Untrusted,

    /// <summary>The server's certificate is the right one, and is not valid by this machine's clock.</summary>
    ClocksDiffer,

    /// <summary>An answer that is not this API's: too large, not HTTP, not JSON.</summary>
    NotThisApi,
}
