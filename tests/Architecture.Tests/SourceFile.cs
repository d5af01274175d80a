using System.Text.RegularExpressions;

namespace IoTPlatform.Architecture.Tests;

/// <summary>One C# file. Code has no line comments, so that explaining a rule doesn't break it.</summary>
internal sealed partial record SourceFile(string Path, string Code)
{
    public string Name => System.IO.Path.GetFileName(Path);

    public string? Namespace => NamespacePattern().Match(Code) is { Success: true } match ? match.Groups["name"].Value : null;

    /// <summary>Names of the public types declared at the top level.</summary>
    public IEnumerable<string> PublicTypes
        => PublicTypePattern().Matches(Code).Where(match => !match.Value.Contains(" partial ")).Select(match => match.Groups["name"].Value);

    public static SourceFile Load(string path) => new(path, LineCommentPattern().Replace(Repository.Read(path), ""));

    public bool Mentions(string pattern) => Regex.IsMatch(Code, pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

    [GeneratedRegex(@"(?<=^|[^:""])//.*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex LineCommentPattern();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"^public [^(={;]*?\b(class|struct|interface|enum|record|delegate\s+\S+)\s+(?!class\b|struct\b)(?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex PublicTypePattern();
}
