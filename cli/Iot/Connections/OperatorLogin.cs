using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>On the machine of a stack, with its data folder: the key in it, by which no log-in is needed, also when every account has a second factor.</summary>
internal static class OperatorLogin
{
    /// <summary>Null: there is no such key here, or only one of a folder that was guessed and is another stack's.</summary>
    public static async Task<AccessTokens?> FindAsync(Run run, ServerOptions options, Uri url, RootTrust trust, ServerVerifier server, CancellationToken cancellationToken)
    {
        if (LocalStack.Of(run, options, url, trust) is not { Unreadable: null } stack || !File.Exists(Path.Combine(stack.Folder, OperatorKey.FileName)))
        {
            return null;
        }

        var tokens = Of(stack.RequireKind(options), url, server, run.Time);
        try
        {
            await tokens.GetAsync(cancellationToken);
            return tokens;
        }
        catch (ApiException e) when (e.Code is "invalid_client" or "unauthorized_client")
        {
            return stack.IsChosen
                ? throw new CliException(ExitCode.NotAuthorised, e.Code, $"{url} does not know the operator's key in {stack.Folder}. Is it the data folder of that server? The server makes a key that was lost anew within half a minute", e)
                : null;
        }
    }

    /// <param name="stack">Whose folder has the key.</param>
    /// <param name="url">Its server.</param>
    /// <param name="server">Who has to answer there.</param>
    /// <param name="time">Of this machine.</param>
    public static AccessTokens Of(LocalStack stack, Uri url, ServerVerifier server, TimeProvider time) => new(() => AskAsync(stack, url, server, time), time);

    private static async Task<IssuedTokens> AskAsync(LocalStack stack, Uri url, ServerVerifier server, TimeProvider time)
    {
        using var key = Read(stack);
        using var issuer = TokenClient.Create(url, server);
        var id = OperatorKey.ClientIdOf(key);
        return await issuer.ByAssertionAsync(id, audience => ClientAssertion.Sign(key, id, audience, time));
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
