using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The portal's client at the token endpoint: ASP.NET's handler redeems codes through <see cref="Client"/>; refresh tokens are traded here (RFC 6749 section 6).</summary>
internal sealed class TokenEndpoint : IDisposable
{
    private readonly LoginConfiguration _configuration;

    public TokenEndpoint(OidcOptions options, OidcClient client, IClientSecret secret, LoginConfiguration configuration)
    {
        _configuration = configuration;
        Client = OidcHttpClient.Create(options, TimeSpan.FromSeconds(10), OidcHttp.MaxDocumentBytes, handler => new Exchange(handler, client, secret));
    }

    /// <summary>Throws <see cref="TokenRefusedException"/> for a refusal, <see cref="OidcException"/> for anything that is neither tokens nor a refusal.</summary>
    public HttpClient Client { get; }

    /// <summary>Throws as <see cref="Client"/> does.</summary>
    public async Task<OpenIdConnectMessage> RefreshAsync(string refreshToken, CancellationToken cancellationToken)
    {
        var url = (await _configuration.GetConfigurationAsync(cancellationToken)).TokenEndpoint;
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "refresh_token"), KeyValuePair.Create("refresh_token", refreshToken)]);
        using var response = await Client.PostAsync(new Uri(url), form, cancellationToken);
        return new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(cancellationToken));
    }

    public void Dispose() => Client.Dispose();

    private sealed class Exchange(HttpMessageHandler inner, OidcClient client, IClientSecret secret) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = await CredentialAsync(cancellationToken);
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                await response.Content.LoadIntoBufferAsync(OidcHttp.MaxDocumentBytes, cancellationToken);
                var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
                switch (response.StatusCode)
                {
                    case HttpStatusCode.OK:
                        TokenSet.Require(body);
                        return response;
                    case HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                        throw new TokenRefusedException(TokenSet.ErrorOf(body));
                    default:
                        throw new OidcException($"The token endpoint answered {(int)response.StatusCode}.");
                }
            }
            catch (HttpRequestException e)
            {
                throw new OidcException($"The token endpoint could not be asked: {e.GetBaseException().Message}", e);
            }
            catch (OperationCanceledException e)
            {
                throw new OidcException("The token endpoint did not answer in time.", e);
            }
        }

        // RFC 6749 section 2.3.1.
        private async Task<AuthenticationHeaderValue> CredentialAsync(CancellationToken cancellationToken)
        {
            var text = await secret.FindAsync(cancellationToken) ?? throw new LoginException(LoginProblem.NotSetUp, "The portal's client has no secret.");
            return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(client.ClientId)}:{Uri.EscapeDataString(text)}")));
        }
    }
}

/// <summary>A token endpoint's answer (RFC 6749 section 5), read strictly before ASP.NET reads it.</summary>
internal static class TokenSet
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>A bearer access token at least. Throws <see cref="OidcException"/>.</summary>
    public static void Require(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (Text(document, "access_token") is null || !"Bearer".Equals(Text(document, "token_type"), StringComparison.OrdinalIgnoreCase))
            {
                throw new OidcException("The token endpoint answered without a bearer access token.");
            }
        }
        catch (JsonException e)
        {
            throw new OidcException("The token endpoint did not answer JSON.", e);
        }
    }

    /// <summary>The error code of RFC 6749 section 5.2, fit for a log.</summary>
    public static string ErrorOf(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Text(document, "error") is { Length: <= 64 } error && error.All(c => char.IsAsciiLetterOrDigit(c) || c is '_') ? error : "no error code";
        }
        catch (JsonException)
        {
            return "no error code";
        }
    }

    private static string? Text(JsonDocument document, string name) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>The token endpoint said no (RFC 6749 section 5.2).</summary>
internal sealed class TokenRefusedException(string error) : Exception($"The identity provider refused: {error}.")
{
    public string Error { get; } = error;
}
