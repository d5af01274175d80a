using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>
/// Only a certificate that was seen and does not verify is a matter of trust. A reset, a close or an alert in the handshake, or a proxy
/// that answers in plain HTTP, is a connection that may work the next time.
/// </summary>
internal static class TransportFailure
{
    public static UnreachableException Translate(Uri server, HttpRequestException e) => Refusal(e) switch
    {
        { WrongTime: { } period } time => new UnreachableException(
            server, UnreachableReason.ClocksDiffer, $"the TLS certificate of {server} is {time.Message} by this machine's clock", e)
        { Validity = period },
        { } refusal => new UnreachableException(
            server, UnreachableReason.Untrusted, $"the TLS certificate of {server} is not trusted: {refusal.Message}", e),
        null => TranslateConnection(server, e),
    };

    private static UntrustedServerException? Refusal(Exception e)
    {
        for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is UntrustedServerException refusal)
            {
                return refusal;
            }
        }
        return null;
    }

    private static UnreachableException TranslateConnection(Uri server, HttpRequestException e) => e switch
    {
        { HttpRequestError: HttpRequestError.SecureConnectionError } => new UnreachableException(
            server, UnreachableReason.Connection, $"the TLS handshake with {server.Host}:{server.Port} broke: {(e.InnerException ?? e).Message}", e),
        { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => new UnreachableException(
            server, UnreachableReason.NotThisApi, $"{server} answered more than this client reads", e),
        { HttpRequestError: HttpRequestError.NameResolutionError } => new UnreachableException(
            server, UnreachableReason.Connection, $"the name {server.Host} does not resolve", e),
        { HttpRequestError: HttpRequestError.ConnectionError } => new UnreachableException(
            server, UnreachableReason.Connection, $"cannot connect to {server.Host}:{server.Port}: {(e.InnerException ?? e).Message}", e),
        { HttpRequestError: HttpRequestError.InvalidResponse } => new UnreachableException(
            server, UnreachableReason.NotThisApi, $"{server} does not speak this API", e),
        _ => new UnreachableException(server, UnreachableReason.Connection, $"the connection to {server.Host}:{server.Port} broke: {(e.InnerException ?? e).Message}", e),
    };
}
