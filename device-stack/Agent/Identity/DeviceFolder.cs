using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Agent;

/// <summary>
/// A device's files, for one process at a time. The identity is one file swapped by one rename, and a new key is on disk before it
/// is asked a certificate for: after a crash at any moment the old identity, or the new one, is there whole.
/// </summary>
public sealed class DeviceFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _claim;

    private DeviceFolder(string path, FileStream claim)
    {
        Path = path;
        _claim = claim;
        RevokedIntermediates = new RevokedIntermediatesFile(Combine(RevokedIntermediatesFile.Name));
    }

    public string Path { get; }
    public string IdentityPath => Combine("identity.pem");
    public string RootPath => Combine("root_ca.crt");
    public string WireGuardPath => Combine("wg0.conf");
    public string RevokedSubCasPath => Combine("revoked-sub-cas.crl");

    /// <summary>The newest of the root's lists that the device has seen.</summary>
    internal RevokedIntermediatesFile RevokedIntermediates { get; }

    internal string SpoolPath => Combine("spool");
    internal string CommandsPath => Combine("commands");

    /// <summary>What waits for the tenant, and what it asked for.</summary>
    internal void RemoveWork()
    {
        foreach (var path in new[] { SpoolPath, CommandsPath }.Where(Directory.Exists))
        {
            Directory.Delete(path, recursive: true);
        }
    }
    internal string PendingKeyPath => Combine("pending.key");
    internal string WireGuardKeyPath => Combine("wireguard.key");
    private string SettingsPath => Combine("device.json");

    /// <summary>Creates the folder (0700) if need be and claims it.</summary>
    public static DeviceFolder Open(string path)
    {
        try
        {
            var full = System.IO.Path.GetFullPath(path);
            Directory.CreateDirectory(full, OwnerOnly);
            var claim = new FileStream(System.IO.Path.Combine(full, "agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            AtomicFile.DeleteLeftovers(full);
            return new DeviceFolder(full, claim);
        }
        catch (IOException e) when (e.HResult == EWouldBlock)
        {
            throw new AgentException($"another agent uses {path}; stop it first", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"cannot use the device folder {path}: {e.Message}", e);
        }
    }

    public DeviceSettings? LoadSettings() => Parse(SettingsPath, json => JsonSerializer.Deserialize(json, DeviceSettingsJson.Default.DeviceSettings));

    public RootTrust? LoadRoot() => Parse(RootPath, RootTrust.FromPem);

    /// <summary>The newest list of revoked Sub-CAs the device has seen; null: none.</summary>
    internal RevokedSubCas? LoadRevokedSubCas()
    {
        try
        {
            return RevokedSubCas.Parse(File.ReadAllBytes(RevokedSubCasPath));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PkiException)
        {
            throw new AgentException($"cannot use {RevokedSubCasPath}: {e.Message}; remove it, and the next renewal fetches it again", e);
        }
    }

    /// <summary>A newer list counts from now on.</summary>
    internal void KeepRevokedIntermediates(RevokedIntermediates list, RootTrust root) => Guarded(() => RevokedIntermediates.Keep(list, root.Root));

    internal void SaveRevokedSubCas(RevokedSubCas list) => Guarded(() => AtomicFile.Write(RevokedSubCasPath, list.Der.Span, AtomicFile.Public));

    /// <summary>Null when the device has not enrolled yet.</summary>
    public DeviceIdentity? LoadIdentity() => Parse(IdentityPath, DeviceIdentity.Parse);

    internal void SaveSettings(DeviceSettings settings, RootTrust root) => Guarded(() =>
    {
        AtomicFile.WriteText(RootPath, Pem.Certificate(root.Root.RawData), AtomicFile.Public);
        AtomicFile.WriteText(SettingsPath, JsonSerializer.Serialize(settings, DeviceSettingsJson.Default.DeviceSettings) + "\n", AtomicFile.Public);
    });

    /// <summary>The key that a lost answer may already belong to, or a new one.</summary>
    internal ECDsa LoadOrCreatePendingKey()
    {
        if (LoadPendingKey() is { } known)
        {
            return known;
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Guarded(() => AtomicFile.WriteText(PendingKeyPath, key.ExportPkcs8PrivateKeyPem() + "\n", AtomicFile.Secret));
        return key;
    }

    internal void SaveIdentity(DeviceIdentity identity) => Guarded(() =>
    {
        AtomicFile.WriteText(IdentityPath, identity.ToPem(), AtomicFile.Secret);
        DropPendingKeyOf(identity);
    });

    /// <summary>Finishes a promotion that a crash cut short.</summary>
    internal void DropPendingKeyOf(DeviceIdentity identity)
    {
        using var pending = LoadPendingKey();
        if (pending is not null && identity.HasKey(pending))
        {
            DropPendingKey();
        }
    }

    internal void DropPendingKey() => Guarded(() => File.Delete(PendingKeyPath));

    internal void WriteSecret(string path, string text) => Guarded(() => AtomicFile.WriteText(path, text, AtomicFile.Secret));

    internal string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"cannot read {path}: {e.Message}", e);
        }
    }

    public void Dispose() => _claim.Dispose();

    private ECDsa? LoadPendingKey() => Parse(PendingKeyPath, static pem =>
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key;
    });

    private T? Parse<T>(string path, Func<string, T?> parse)
        where T : class
    {
        if (Read(path) is not { } text)
        {
            return null;
        }

        try
        {
            return parse(text) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is PkiException or CryptographicException or ArgumentException or JsonException)
        {
            throw new AgentException($"{path} is damaged ({e.Message}); remove it and enrol again with a new token", e);
        }
    }

    // flock answers EWOULDBLOCK (11 on Linux, 35 on macOS); .NET hands the errno on as HResult.
    private static int EWouldBlock => OperatingSystem.IsMacOS() ? 35 : 11;

    private string Combine(string name) => System.IO.Path.Combine(Path, name);

    private void Guarded(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"cannot write to the device folder {Path}: {e.Message}; the identity in it is unchanged", e);
        }
    }
}
