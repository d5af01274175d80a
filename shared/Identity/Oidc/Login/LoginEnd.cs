using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>
/// Where the browser signs out at the identity provider, too (RP-Initiated Logout 1.0 section 2). ASP.NET's handler would redirect there, and
/// browsers hold every redirect after a form against form-action.
/// </summary>
internal sealed class LoginEnd(LoginConfiguration configuration, OidcClient client)
{
    /// <summary>Null: nowhere, or the identity provider does not answer.</summary>
    public async Task<Uri?> FindAsync(string idToken, CancellationToken cancellationToken)
    {
        try
        {
            return (await configuration.GetConfigurationAsync(cancellationToken)).EndSessionEndpoint is { } end
                ? new Uri(new OpenIdConnectMessage
                {
                    IssuerAddress = end,
                    IdTokenHint = idToken,
                    ClientId = client.ClientId,
                    PostLogoutRedirectUri = client.PostLogoutRedirectUri.AbsoluteUri,
                    EnableTelemetryParameters = false,
                }.CreateLogoutRequestUrl())
                : null;
        }
        catch (OidcException)
        {
            return null;
        }
    }
}
