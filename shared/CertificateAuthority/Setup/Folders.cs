namespace IoTPlatform.CertificateAuthority;

internal static class Folders
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The folder a file goes into, for its owner only.</summary>
    public static void EnsureFor(string path) => Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
}
