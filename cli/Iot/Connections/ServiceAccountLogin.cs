using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Iot;

/// <summary>A program's log-in, from its environment: what <c>iot service-accounts add --env-file</c> writes.</summary>
internal static class ServiceAccountLogin
{
    public const string Id = "IOT_CLIENT_ID";
    public const string Secret = "IOT_CLIENT_SECRET";
    public const string SecretFile = "IOT_CLIENT_SECRET_FILE";
    public const string Key = "IOT_CLIENT_KEY";

    public static bool IsSet(Run run) => run.Env(Id) is not null;

    /// <summary>Null: no program is named.</summary>
    public static async Task<AccessTokens?> FindAsync(Run run, Uri url, ServerVerifier server, CancellationToken cancellationToken)
    {
        if (run.Env(Id) is not { } id)
        {
            return null;
        }

        var tokens = new AccessTokens(() => AskAsync(run, url, server, id), run.Time);
        try
        {
            await tokens.GetAsync(cancellationToken);
            return tokens;
        }
        catch (ApiException e) when (e.Code is "invalid_client" or "unauthorized_client")
        {
            throw new CliException(ExitCode.NotAuthorised, e.Code, $"{url} refused to log {id} in: {e.Message}", e);
        }
    }

    private static async Task<IssuedTokens> AskAsync(Run run, Uri url, ServerVerifier server, string id)
    {
        using var tokens = TokenClient.Create(url, server);
        if (run.Env(Key) is { } file)
        {
            using var key = ClientKey.Read(file);
            return await tokens.ByAssertionAsync(id, issuer => ClientAssertion.Sign(key, id, issuer, run.Time));
        }

        var secret = run.Env(Secret) ?? (run.Env(SecretFile) is { } path ? Credentials.Read(path) : throw CliException.Usage($"{Id} is set: {Secret}, {SecretFile} or {Key}, too?"));
        return await tokens.BySecretAsync(id, secret);
    }
}

/// <summary>The private key of a service account, in a file of mode 0600. Only its public half ever leaves the machine.</summary>
internal static class ClientKey
{
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
}
