namespace IoTPlatform.Client;

/// <summary>No usable answer came back; whether the server acted on the request is unknown.</summary>
public sealed class UnreachableException(Uri server, UnreachableReason reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public Uri Server { get; } = server;
    public UnreachableReason Reason { get; } = reason;

    /// <summary>Trying again can help; a certificate that is not trusted stays so.</summary>
    public bool IsTransient => Reason is UnreachableReason.Connection or UnreachableReason.TimedOut;
}
