using System.Text;

namespace IoTPlatform.Hosting;

/// <summary>Environment files as docker compose reads them: KEY=VALUE lines, # comments, optional quotes. No variable substitution.</summary>
public static class EnvFile
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>The last of equal keys counts. Throws <see cref="StartupException"/> with the line number; never with the line, it may hold a secret.</summary>
    public static IReadOnlyDictionary<string, string> Load(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new StartupException($"The env file {path} is larger than {MaxBytes} bytes.");
            }

            return Parse(path, File.ReadAllLines(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The env file {path} cannot be read: {FileProblem.Describe(e) ?? e.Message}", inner: e);
        }
    }

    private static Dictionary<string, string> Parse(string path, string[] lines)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            line = line.StartsWith("export ", StringComparison.Ordinal) ? line[7..].TrimStart() : line;
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? "" : line[..equals].TrimEnd();
            if (!IsName(key) || Value(line[(equals + 1)..].TrimStart()) is not { } value)
            {
                throw new StartupException($"{path}, line {i + 1}: expected KEY=VALUE.", ExitCodes.Usage);
            }

            values[key] = value;
        }

        return values;
    }

    private static bool IsName(string key) =>
        key.Length > 0 && !char.IsAsciiDigit(key[0]) && key.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>Null when a quote is not closed or something follows it.</summary>
    private static string? Value(string text)
    {
        if (text.Length == 0 || text[0] is not ('"' or '\''))
        {
            var comment = text.StartsWith('#') ? 0 : text.IndexOf(" #", StringComparison.Ordinal);
            return (comment < 0 ? text : text[..comment]).TrimEnd();
        }

        var value = new StringBuilder();
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == text[0])
            {
                var rest = text[(i + 1)..].TrimStart();
                return rest.Length == 0 || rest[0] == '#' ? value.ToString() : null;
            }

            // Only double quotes know escapes.
            value.Append(text[i] == '\\' && text[0] == '"' && i + 1 < text.Length ? Escaped(text[++i]) : text[i]);
        }

        return null;
    }

    private static char Escaped(char c) => c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', _ => c };
}
