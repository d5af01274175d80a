using System.Security.Authentication;

namespace IoTPlatform.Client;

internal static class TransportFailure
{
    public static UnreachableException Translate(Uri server, HttpRequestException e) => e switch
    {
        { InnerException: AuthenticationException tls } => new UnreachableException(
            server, UnreachableReason.Untrusted, $"the TLS certificate of {server} is not trusted: {tls.Message}", e),
        { HttpRequestError: HttpRequestError.SecureConnectionError } => new UnreachableException(
            server, UnreachableReason.Untrusted, $"TLS with {server} failed: {(e.InnerException ?? e).Message}", e),
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
