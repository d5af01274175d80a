using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using IoTPlatform.Pki.Files;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity.Issuer;

/// <summary>The key in a stack's data folder by which <c>iot</c> on the same machine works without a login: whoever reads it could read the CA's keys beside it.</summary>
public static class OperatorKey
{
    public const string FileName = "operator-key";

    /// <summary>Which client is the folder's, so that it ends with its key whatever the machine or the folder is called by then.</summary>
    internal const string ClientFileName = "operator-client";

    /// <summary>Throws <see cref="CryptographicException"/> or <see cref="ArgumentException"/> for a file that holds no such key.</summary>
    /// <returns>Null: there is none, or one that others than the folder's owner may read or have put there.</returns>
    public static ECDsa? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) || File.GetUnixFileMode(path) != AtomicFile.Secret || UnixOwner.Of(path) != UnixOwner.Of(folder))
        {
            return null;
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>What the key's client is called; the key says it itself.</summary>
    public static string ClientIdOf(ECDsa key) => OperatorClient.Prefix + Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 8));

    public static IServiceCollection AddOperatorKey(this IServiceCollection services, DataFolder folder) => services
        .AddSingleton(s => new OperatorKeyKeeper(folder, s.GetRequiredService<ServiceAccounts>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<OperatorKeyKeeper>>()))
        .AddHostedService(s => s.GetRequiredService<OperatorKeyKeeper>());
}

/// <summary>A machine's operator as a client of the issuer.</summary>
/// <param name="ClientId">As <see cref="OperatorKey.ClientIdOf"/> has it.</param>
/// <param name="Credential">The public key.</param>
/// <param name="User">That the host runs as.</param>
/// <param name="Folder">Machine and data folder, as they are called now.</param>
internal sealed record OperatorClient(string ClientId, Credential Credential, string User, string Folder)
{
    /// <summary>A service account's, of a name that no other one may have.</summary>
    public const string Prefix = ServiceAccountName.Prefix + ServiceAccountName.OperatorPrefix;
}

/// <summary>
/// Makes the key, registers it, and looks after both: a key whose file is gone, was open to others or is not the one that was made here is worth nothing
/// from then on, and another takes its place.
/// </summary>
internal sealed partial class OperatorKeyKeeper(DataFolder folder, ServiceAccounts accounts, TimeProvider time, ILogger<OperatorKeyKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await RunAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>One pass. Public for tests, whose clock stands still.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var found = Read();
        var own = OwnClient();
        // One that was put there by someone else is never taken over: its holder is not known.
        if (found is not null && OperatorKey.ClientIdOf(found) == own && await accounts.IsOperatorAsync(Client(found), cancellationToken))
        {
            return;
        }

        if (File.Exists(folder.Combine(OperatorKey.FileName)))
        {
            Replaced(folder.Combine(OperatorKey.FileName));
        }

        // The files first, the key's before its client's: a crash in between leaves a key that opens nothing, and the client of before to end.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = Client(key);
        folder.WriteSecret(OperatorKey.FileName, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
        await accounts.ReplaceOperatorAsync(client, own, found is null ? null : OperatorKey.ClientIdOf(found), cancellationToken);
        folder.WriteSecret(OperatorKey.ClientFileName, Encoding.ASCII.GetBytes(client.ClientId + "\n"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stoppingToken);
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e);
            }
        }
    }

    private OperatorClient Client(ECDsa key) =>
        new(OperatorKey.ClientIdOf(key), Credential.Of(key.ExportSubjectPublicKeyInfoPem()), Environment.UserName, $"{Environment.MachineName}:{folder.Path}");

    /// <summary>Null: this folder has had none, or it was lost.</summary>
    private string? OwnClient() => folder.TryRead(OperatorKey.ClientFileName) is { } file && Encoding.ASCII.GetString(file).Trim() is { Length: > 0 } id ? id : null;

    private ECDsa? Read()
    {
        try
        {
            return OperatorKey.Read(folder.Path);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    [LoggerMessage(41, LogLevel.Warning, "{File} is replaced: it is not the key that was made here, or others could read it")]
    private partial void Replaced(string file);

    [LoggerMessage(42, LogLevel.Warning, "the operator's key could not be looked after, and is in half a minute")]
    private partial void Failed(Exception exception);
}
