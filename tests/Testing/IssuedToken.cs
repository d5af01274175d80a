using System.Text.Json;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Testing;

/// <summary>An access token as a host's own issuer signs it, for eight hours of the host's clock: for tests of what it opens, not of how one gets it.</summary>
public static class IssuedToken
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    /// <param name="host">In this process, started.</param>
    /// <param name="name">As the audit log has it.</param>
    /// <param name="roles">What it opens.</param>
    public static string Of(IServiceProvider host, string name, params string[] roles)
    {
        var now = host.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = host.GetRequiredService<IssuerOptions>().Issuer.AbsoluteUri,
            Audience = OidcOptions.DefaultAudience,
            IssuedAt = now,
            Expires = now + Lifetime,
            TokenType = "at+jwt",
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["sub"] = Guid.NewGuid().ToString("D"),
                ["preferred_username"] = name,
                ["realm_access"] = JsonSerializer.SerializeToElement(new { roles }),
            },
            SigningCredentials = host.GetRequiredService<IssuerKeys>().Current[0].Signing,
        });
    }
}
