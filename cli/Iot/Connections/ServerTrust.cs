using IoTPlatform.Client;

namespace IoTPlatform.Iot;

/// <summary>The root a command trusts. There is no trust on first use: without a fingerprint, a file or a local data folder nothing is called.</summary>
internal static class ServerTrust
{
    public static async Task<RootTrust> FindAsync(Run run, ServerOptions options, Uri url, CancellationToken cancellationToken)
    {
        if (run.Get(ServerOptions.Root) is { } file)
        {
            return FromFile(file);
        }

        if (run.Get(ServerOptions.Fingerprint) is { } given)
        {
            return await FetchAsync(url, given, cancellationToken);
        }

        var local = LocalStack.Of(run, options);
        if (local.IsChosen && local.Root is { } chosen)
        {
            return chosen;
        }

        if (run.Env("STEP_CA_FINGERPRINT") is { } configured)
        {
            return await FetchAsync(url, configured, cancellationToken);
        }

        if (local.Unreadable is { } problem)
        {
            throw new CliException(ExitCode.Failed, "access_denied", problem);
        }

        return local.Root ?? throw CliException.Usage(
            $"which root certificate may {url} be trusted by? give --fingerprint (from 'iot ca fingerprint' on the provider's machine), --root FILE, or --data FOLDER");
    }

    public static RootTrust FromFile(string path)
    {
        try
        {
            return RootTrust.FromPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or ArgumentException)
        {
            throw CliException.Usage($"{path} is not a PEM certificate");
        }
    }

    public static async Task<RootTrust> FetchAsync(Uri url, string fingerprint, CancellationToken cancellationToken)
    {
        try
        {
            return await RootTrust.FetchAsync(url, fingerprint, cancellationToken: cancellationToken);
        }
        catch (ApiException e) when (e.Status == 404)
        {
            throw new CliException(ExitCode.Unreachable, "untrusted", $"{url} has no root certificate with that fingerprint; compare it with 'iot ca fingerprint' on the provider's machine", e);
        }
    }
}
