namespace IoTPlatform.Hosting;

/// <summary>What a host prints once it answers: the line that programs wait for, then where a person goes next.</summary>
public static class ReadyLines
{
    /// <param name="listening">Addresses, comma separated.</param>
    /// <param name="fingerprint">SHA-256 of the platform's root.</param>
    /// <param name="portal">Where people sign in, and as whom.</param>
    /// <param name="next">The command that comes next.</param>
    public static IEnumerable<string> Of(string listening, string fingerprint, string portal, string next)
    {
        yield return $"ready {listening} fingerprint={fingerprint}";
        yield return $"portal: {portal}";
        yield return $"next: {next}";
    }

    /// <summary><c> --data FOLDER</c>, and <c> --url URL</c> where it is not the one that iot asks by itself.</summary>
    public static string Options(string dataFolder, string defaultFolder, Uri publicUrl, int defaultPort) =>
        (Path.GetFullPath(dataFolder) == defaultFolder ? "" : $" --data {Path.GetFullPath(dataFolder)}") + (publicUrl.Port == defaultPort ? "" : $" --url {publicUrl.AbsoluteUri.TrimEnd('/')}");
}
