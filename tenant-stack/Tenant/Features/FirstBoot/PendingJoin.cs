using System.Security.Cryptography;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>
/// The JOIN of a tenant that has joined before, in a folder of its own until all of it is in place. The bundle is written last and removed
/// last: while it is there the JOIN is taken over, also by a start without the JOIN key.
/// </summary>
internal sealed class PendingJoin(JoinFiles files)
{
    private string Folder => files.InBundle("pending");
    private string BridgeKey => Path.Combine(Folder, "mqtt-bridge.key");
    private string Record => Path.Combine(Folder, JoinRecord.FileName);
    private string BundlePath => Path.Combine(Folder, "bundle.json");

    /// <summary>Null: the provider has not answered yet.</summary>
    public JoinBundle? Bundle => JoinFiles.ReadBundle(BundlePath);

    /// <summary>The same on every call until it is taken over, so that a lost answer costs nothing. The caller disposes it.</summary>
    public ECDsa EnsureBridgeKey()
    {
        if (JoinFiles.ReadKey(BridgeKey) is { } waiting)
        {
            return waiting;
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        JoinFiles.Write(BridgeKey, key.ExportPkcs8PrivateKeyPem() + "\n", AtomicFile.Secret);
        return key;
    }

    public void Keep(JoinBundle bundle, JoinRecord record)
    {
        record.WriteTo(Folder);
        JoinFiles.WriteBundle(BundlePath, bundle);
    }

    /// <summary>Puts bundle, key and record in place of the former ones.</summary>
    public void TakeOver()
    {
        files.WriteBundle(Bundle!);
        if (JoinFiles.ReadText(BridgeKey) is { } key)
        {
            JoinFiles.Write(files.BridgeKey, key, AtomicFile.Secret);
        }

        if (JoinFiles.ReadText(Record) is { } record)
        {
            JoinFiles.Write(files.InBundle(JoinRecord.FileName), record, AtomicFile.Secret);
        }
    }

    /// <summary>The key first: one that was taken over must not be offered to the provider as new.</summary>
    public void Clear()
    {
        File.Delete(BridgeKey);
        File.Delete(Record);
        File.Delete(BundlePath);
        Directory.Delete(Folder, recursive: true);
    }
}
