using System.Net.Http.Headers;
using System.Text;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Trades codes and refresh tokens for tokens (RFC 6749 sections 4.1.3 and 6).</summary>
internal sealed class TokenEndpoint(OidcOptions options, OidcClient client, IClientSecret secret, LoginEndpointCache endpoints) : IDisposable
{
    private readonly HttpClient _http = OidcHttpClient.Create(options, TimeSpan.FromSeconds(10), OidcHttp.MaxDocumentBytes);

    public Task<TokenSet> RedeemAsync(string code, string verifier, CancellationToken cancellationToken) =>
        PostAsync([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", client.RedirectUri.AbsoluteUri), ("code_verifier", verifier)], cancellationToken);

    public Task<TokenSet> RefreshAsync(string refreshToken, CancellationToken cancellationToken) =>
        PostAsync([("grant_type", "refresh_token"), ("refresh_token", refreshToken)], cancellationToken);

    public void Dispose() => _http.Dispose();

    /// <summary>Throws <see cref="TokenRefusedException"/> for a refusal, <see cref="OidcException"/> for anything that is neither tokens nor a refusal.</summary>
    private async Task<TokenSet> PostAsync((string Name, string Value)[] form, CancellationToken cancellationToken)
    {
        var url = (await endpoints.GetAsync(cancellationToken)).Token;
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        request.Headers.Authorization = await CredentialAsync(cancellationToken);
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return (int)response.StatusCode switch
            {
                200 => TokenSet.Parse(body),
                400 or 401 or 403 => throw new TokenRefusedException(TokenSet.ErrorOf(body)),
                var other => throw new OidcException($"The token endpoint answered {other}."),
            };
        }
        catch (HttpRequestException e)
        {
            throw new OidcException($"The token endpoint could not be asked: {e.GetBaseException().Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
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
