using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Keycloak;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Provider.Configuration;

/// <summary>What the provider's options have to keep to, beyond being what they are called.</summary>
internal sealed class ProviderOptionsValidator : IValidateOptions<ProviderOptions>
{
    public ValidateOptionsResult Validate(string? name, ProviderOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        if (options.PublicUrl.AbsolutePath != "/")
        {
            errors.AddInvalid(ProviderSettings.PublicUrl, options.PublicUrl.ToString(), "it must not have a path");
        }

        if (options.Oidc is { } oidc && !KeycloakRealm.IsOne(oidc.Reached))
        {
            errors.AddInvalid(
                oidc.BackChannel is null ? OidcSettings.Issuer : OidcSettings.BackChannel, oidc.Reached.ToString(), "it must be a Keycloak realm's URL, such as https://keycloak.example/realms/cdm");
        }

        if (options.Oidc?.Issuer == options.Issuer.Tokens.Issuer)
        {
            errors.AddInvalid(OidcSettings.Issuer, options.Oidc.Issuer, $"that is this host's own address ({ProviderSettings.PublicUrl}), where its own issuer is: the other identity provider needs a name or a port of its own");
        }

        return errors.Build();
    }
}
