using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.EntityFrameworkCore.Models;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Client secrets are 256 random bits that the platform made, so a plain SHA-256 is enough, as with session tokens. OpenIddict's PBKDF2 is for
/// secrets that people choose; it would be the largest part of a token request, and work that a stranger can cause.
/// </summary>
internal sealed class IssuerApplications(
    IOpenIddictApplicationCache<OpenIddictEntityFrameworkCoreApplication> cache, ILogger<OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options, IOpenIddictApplicationStore<OpenIddictEntityFrameworkCoreApplication> store)
    : OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>(cache, logger, options, store)
{
    protected override ValueTask<string> ObfuscateClientSecretAsync(string secret, CancellationToken cancellationToken = default) => new(Convert.ToHexStringLower(Hash(secret)));

    protected override ValueTask<bool> ValidateClientSecretAsync(string secret, string comparand, CancellationToken cancellationToken = default) =>
        new(comparand.Length == 2 * SHA256.HashSizeInBytes && CryptographicOperations.FixedTimeEquals(Hash(secret), Convert.FromHexString(comparand)));

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
