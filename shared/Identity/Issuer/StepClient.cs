using IoTPlatform.Hosting;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// The client <c>step</c>, by which people get ID tokens that an OIDC provisioner takes. Off unless the setting turns it on. Public, as a program on people's
/// machines is; its tokens open nothing at this stack.
/// </summary>
public static class StepClient
{
    public const string Id = "step";

    /// <summary><c>allow</c> or <c>refuse</c>, which it is unless set.</summary>
    public const string Setting = "IOT_STEP_LOGIN";

    public const string Allow = "allow";
    public const string Refuse = "refuse";

    /// <summary>Where <c>step … --console</c> has its code shown: by no redirect, but on a page of the identity provider.</summary>
    public const string Console = "urn:ietf:wg:oauth:2.0:oob";

    /// <summary>The person's roles, as provisioners read them.</summary>
    public const string Groups = "groups";

    public static bool Read(SettingsReader settings)
    {
        var value = settings[Setting];
        if (value is not (null or Allow or Refuse))
        {
            settings.Invalid(Setting, value, $"expected: {Refuse} or {Allow}");
        }

        return value == Allow;
    }

    /// <summary>Of a username that an administrator has given as one; null: it is none, and the person has no address here.</summary>
    internal static string? AddressOf(string username) => username.Split('@') is [{ Length: > 0 }, { Length: > 0 }] ? username : null;

    internal static OpenIddictApplicationDescriptor Descriptor => new()
    {
        ApplicationType = ApplicationTypes.Native,
        ClientId = Id,
        ClientType = ClientTypes.Public,
        ConsentType = ConsentTypes.Explicit,
        DisplayName = "step",
        // On any port of the loopback address (RFC 8252 section 7.3), and for --console.
        RedirectUris = { IssuerScopes.CommandLineRedirect, new Uri(Console) },
        Requirements = { Requirements.Features.ProofKeyForCodeExchange },
        Permissions =
        {
            Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code, Permissions.Scopes.Email,
        },
    };
}
