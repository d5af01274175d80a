namespace IoTPlatform.Hosting;

/// <summary>What a host prints once it answers: the line that programs wait for, then where a person goes next.</summary>
public static class ReadyLines
{
    /// <param name="listening">Addresses, comma separated.</param>
    /// <param name="fingerprint">SHA-256 of the platform's root.</param>
    /// <param name="publicUrl">Where browsers reach this host; ends with a slash.</param>
    /// <param name="dataFolder">Where the first administrator's password is, unless it was given.</param>
    /// <param name="next">The command that comes next.</param>
    public static IEnumerable<string> Of(string listening, string fingerprint, Uri publicUrl, string dataFolder, string next)
    {
        var password = Path.Combine(Path.GetFullPath(dataFolder), InitialAdmin.PasswordFile);
        yield return $"ready {listening} fingerprint={fingerprint}";
        yield return $"portal: {publicUrl}portal (user {InitialAdmin.Username}, password {(File.Exists(password) ? $"in {password}" : "as it was given at the first start")})";
        yield return $"next: {next}";
    }

    /// <summary><c> --data FOLDER</c>, and <c> --url URL</c> where it is not the one that iot asks by itself.</summary>
    public static string Options(string dataFolder, string defaultFolder, Uri publicUrl, int defaultPort) =>
        (Path.GetFullPath(dataFolder) == defaultFolder ? "" : $" --data {Path.GetFullPath(dataFolder)}") + (publicUrl.Port == defaultPort ? "" : $" --url {publicUrl.AbsoluteUri.TrimEnd('/')}");
}
