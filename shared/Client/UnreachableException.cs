using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>No usable answer came back; whether the server acted on the request is unknown.</summary>
public sealed class UnreachableException(Uri server, UnreachableReason reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public Uri Server { get; } = server;
    public UnreachableReason Reason { get; } = reason;

    /// <summary>With <see cref="UnreachableReason.ClocksDiffer"/>: when the server's certificate is valid.</summary>
    public ValidityPeriod? Validity { get; init; }

    /// <summary>Trying again can help; a certificate that is not trusted stays so.</summary>
    public bool IsTransient => Reason is UnreachableReason.Connection or UnreachableReason.TimedOut or UnreachableReason.ClocksDiffer;
}

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
