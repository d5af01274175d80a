namespace IoTPlatform.Iot;

internal static class ServerAddress
{
    public static Uri Of(Run run, ServerOptions options) =>
        (run.Get(ServerOptions.Url) ?? run.Env(options.UrlVariable)) is { } text ? Parse(text) : options.DefaultUrl;

    public static Uri Parse(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps
            ? url
            : throw CliException.Usage($"'{text}' is not an https address; write https://host:port");
}
