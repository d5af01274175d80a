using System.Security.Claims;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Iot;

/// <summary>A program's log-in, from its environment: what <c>iot service-accounts add --env-file</c> writes.</summary>
internal static class ServiceAccountLogin
{
    public const string Id = "IOT_CLIENT_ID";
    public const string Secret = "IOT_CLIENT_SECRET";
    public const string SecretFile = "IOT_CLIENT_SECRET_FILE";
    public const string Key = "IOT_CLIENT_KEY";

    public static bool IsSet(Run run) => run.Env(Id) is not null;

    /// <summary>An access token; null: no program is named.</summary>
    public static async Task<string?> FindAsync(Run run, Uri url, ServerVerifier server, CancellationToken cancellationToken)
    {
        if (run.Env(Id) is not { } id)
        {
            return null;
        }

        using var tokens = TokenClient.Create(url, server);
        try
        {
            if (run.Env(Key) is { } file)
            {
                using var key = ClientKey.Read(file);
                return (await tokens.ByAssertionAsync(id, issuer => ClientKey.Assertion(key, id, issuer, run.Time), cancellationToken)).AccessToken;
            }

            var secret = run.Env(Secret) ?? (run.Env(SecretFile) is { } path ? Credentials.Read(path) : throw CliException.Usage($"{Id} is set: {Secret}, {SecretFile} or {Key}, too?"));
            return (await tokens.BySecretAsync(id, secret, cancellationToken)).AccessToken;
        }
        catch (ApiException e) when (e.Code is "invalid_client" or "unauthorized_client")
        {
            throw new CliException(ExitCode.NotAuthorised, e.Code, $"{url} refused to log {id} in: {e.Message}", e);
        }
    }
}

/// <summary>The private key of a service account, in a file of mode 0600. Only its public half ever leaves the machine.</summary>
internal static class ClientKey
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    public static ECDsa ReadOrCreate(string file)
    {
        if (File.Exists(file))
        {
            return Read(file);
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AtomicFile.WriteText(file, key.ExportPkcs8PrivateKeyPem() + "\n", AtomicFile.Secret);
        return key;
    }

    public static ECDsa Read(string file)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(file));
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw CliException.Usage($"{file} is no PEM private key of a service account (P-256 or P-384)");
        }
    }

    /// <summary>RFC 7523 section 3.</summary>
    public static string Assertion(ECDsa key, string clientId, string issuer, TimeProvider time)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Subject = new ClaimsIdentity([new Claim(JwtRegisteredClaimNames.Sub, clientId), new Claim(JwtRegisteredClaimNames.Jti, RandomNumberGenerator.GetHexString(32, lowercase: true))]),
            Issuer = clientId,
            Audience = issuer,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            TokenType = "client-authentication+jwt",
            // A provider that was kept would outlive the key.
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key) { CryptoProviderFactory = new() { CacheSignatureProviders = false } }, key.KeySize == 384 ? SecurityAlgorithms.EcdsaSha384 : SecurityAlgorithms.EcdsaSha256),
        });
    }
}
