using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>
/// The token endpoint of a stack's own issuer: device authorization (RFC 8628), codes (RFC 6749 section 4.1), refresh, revocation, credentials of a program.
/// Every call throws <see cref="ApiException"/> with the protocol's error as its code, or <see cref="UnreachableException"/>.
/// </summary>
/// <param name="http">To the server.</param>
/// <param name="tenant">Who has to answer there, where that is a tenant; null: the provider.</param>
public sealed class TokenClient(HttpClient http, ServerVerifier? tenant = null) : IDisposable
{
    /// <summary>The client id of the command line.</summary>
    public const string CommandLine = "iot-cli";

    /// <summary>What the command line and programs ask for.</summary>
    public const string Scope = "iot-bridge-api";

    private const string Realm = "realms/cdm";
    private const string Protocol = Realm + "/protocol/openid-connect/";
    private const string Discovery = Realm + "/.well-known/openid-configuration";

    public static TokenClient Create(Uri baseUrl, ServerVerifier server) => new(PlatformHttp.Create(baseUrl, server, client: null, PlatformHttp.DefaultTimeout), server.IsTenant ? server : null);

    /// <summary>Its pages are the server's own.</summary>
    public async Task<DeviceAuthorization> AuthorizeDeviceAsync(CancellationToken cancellationToken = default)
    {
        var device = ApiTransport.Decode(http.BaseAddress!, await PostAsync("auth/device", [("client_id", CommandLine), ("scope", Scope)], cancellationToken), ContractsJson.Default.DeviceAuthorization);
        await RequireOwnAsync(device.VerificationUri, cancellationToken);
        await RequireOwnAsync(device.VerificationUriComplete ?? device.VerificationUri, cancellationToken);
        return device;
    }

    /// <summary>Throws <see cref="ApiException"/> <c>authorization_pending</c> or <c>slow_down</c> while the person has not decided.</summary>
    public Task<IssuedTokens> RedeemDeviceAsync(string deviceCode, CancellationToken cancellationToken = default) =>
        TokensAsync([("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("client_id", CommandLine), ("device_code", deviceCode)], cancellationToken);

    /// <summary>Who the issuer is, and where it signs people in. It is the server's own.</summary>
    public async Task<IssuerDocument> DiscoverAsync(CancellationToken cancellationToken = default)
    {
        var document = ApiTransport.Decode(http.BaseAddress!, await ApiTransport.GetBytesAsync(http, Discovery, cancellationToken), ContractsJson.Default.IssuerDocument);
        await RequireOwnAsync(document.Issuer, cancellationToken);
        return document;
    }

    /// <param name="code">From the redirect.</param>
    /// <param name="verifier">Of the challenge that was sent (RFC 7636 section 4.5).</param>
    /// <param name="redirectUri">That was sent, too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<IssuedTokens> RedeemCodeAsync(string code, string verifier, string redirectUri, CancellationToken cancellationToken = default) =>
        TokensAsync([("grant_type", "authorization_code"), ("client_id", CommandLine), ("code", code), ("code_verifier", verifier), ("redirect_uri", redirectUri)], cancellationToken);

    public Task<IssuedTokens> RefreshAsync(string refreshToken, CancellationToken cancellationToken = default) =>
        TokensAsync([("grant_type", "refresh_token"), ("client_id", CommandLine), ("refresh_token", refreshToken)], cancellationToken);

    /// <summary>RFC 7009.</summary>
    public Task RevokeAsync(string refreshToken, CancellationToken cancellationToken = default) =>
        PostAsync("revoke", [("client_id", CommandLine), ("token", refreshToken), ("token_type_hint", "refresh_token")], cancellationToken);

    public Task<IssuedTokens> BySecretAsync(string clientId, string secret, CancellationToken cancellationToken = default) =>
        TokensAsync([("grant_type", "client_credentials"), ("client_id", clientId), ("client_secret", secret), ("scope", Scope)], cancellationToken);

    /// <param name="clientId">Whose.</param>
    /// <param name="sign">Makes the assertion for this issuer (RFC 7523 section 2.2).</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IssuedTokens> ByAssertionAsync(string clientId, Func<string, string> sign, CancellationToken cancellationToken = default)
    {
        var issuer = (await DiscoverAsync(cancellationToken)).Issuer;
        return await TokensAsync(
            [
                ("grant_type", "client_credentials"), ("client_id", clientId), ("scope", Scope),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", sign(issuer)),
            ], cancellationToken);
    }

    public void Dispose() => http.Dispose();

    /// <summary>
    /// A tenant may name the issuer of the provider, or of another tenant: a person would then let the command line in there and a program sign for there, and
    /// this server be handed the code or the assertion, which are good there (mix-up, RFC 9700 section 4.4). So the same tenant has to answer at what it names.
    /// </summary>
    private async Task RequireOwnAsync(string named, CancellationToken cancellationToken)
    {
        if (tenant is null)
        {
            return;
        }

        var server = http.BaseAddress!;
        if (!Uri.TryCreate(named, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps)
        {
            throw new UnreachableException(server, UnreachableReason.NotThisApi, $"{server} names no https address of its own to log in at");
        }

        if (Uri.Compare(address, server, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0)
        {
            return;
        }

        var origin = new Uri(address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
        using var other = PlatformHttp.Create(origin, tenant, client: null, PlatformHttp.DefaultTimeout);
        try
        {
            await ApiTransport.GetBytesAsync(other, Discovery, cancellationToken);
        }
        catch (UnreachableException e) when (e.Reason == UnreachableReason.Untrusted)
        {
            throw new UnreachableException(server, e.Reason, $"{server} says to log in at {origin}, where it does not answer itself: {e.Message}", e);
        }
    }

    private async Task<IssuedTokens> TokensAsync((string Name, string Value)[] form, CancellationToken cancellationToken) =>
        ApiTransport.Decode(http.BaseAddress!, await PostAsync("token", form, cancellationToken), ContractsJson.Default.IssuedTokens);

    private async Task<byte[]> PostAsync(string endpoint, (string Name, string Value)[] form, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Protocol + endpoint) { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        return await ApiTransport.SendAsync(http, request, cancellationToken);
    }
}
