using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>On the machine of a stack, with its data folder: the key in it, by which no log-in is needed, also when every account has a second factor.</summary>
internal static class OperatorLogin
{
    /// <summary>An access token. Null: the command says as whom it logs in, or there is no such key here, or the server has another identity provider than its own.</summary>
    public static async Task<string?> FindAsync(Run run, ServerOptions options, Uri url, RootTrust trust, ServerVerifier server, CancellationToken cancellationToken)
    {
        if (run.Get(ServerOptions.PasswordFile) is not null || run.Env("IOT_ADMIN_PASSWORD") is not null || run.Get(ServerOptions.Username) != InitialAdmin.Username)
        {
            return null;
        }

        if (LocalStack.Of(run, options, url, trust) is not { Unreadable: null } stack || !File.Exists(Path.Combine(stack.Folder, OperatorKey.FileName)))
        {
            return null;
        }

        using var key = Read(stack.RequireKind(options));
        using var tokens = TokenClient.Create(url, server);
        try
        {
            var id = OperatorKey.ClientIdOf(key);
            return (await tokens.ByAssertionAsync(id, issuer => ClientKey.Assertion(key, id, issuer, run.Time), cancellationToken)).AccessToken;
        }
        catch (ApiException e) when (e.Status == 404)
        {
            return null;
        }
        catch (ApiException e) when (e.Code is "invalid_client" or "unauthorized_client")
        {
            // A folder that was only guessed may be another stack's.
            return stack.IsChosen
                ? throw new CliException(ExitCode.NotAuthorised, e.Code, $"{url} does not know the operator's key in {stack.Folder}. Is it the data folder of that server? The server makes a key that was lost anew within half a minute", e)
                : null;
        }
    }

    private static ECDsa Read(LocalStack stack)
    {
        var path = Path.Combine(stack.Folder, OperatorKey.FileName);
        try
        {
            return OperatorKey.Read(stack.Folder) ?? throw CliException.Failed("open_to_others", $"{path} is not its owner's alone (mode 0600, of the folder's owner). The running server replaces it within half a minute");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw CliException.Failed("damaged", $"{path} is damaged. The running server replaces it within half a minute");
        }
    }
}
