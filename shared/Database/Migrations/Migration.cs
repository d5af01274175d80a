using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace IoTPlatform.Database;

/// <summary>One embedded migration file.</summary>
internal sealed partial record Migration(int Number, string Name, string Sql)
{
    /// <summary>Hex SHA-256 of the file.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>In order of number. Two files with one number are a fault of the build.</summary>
    public static IReadOnlyList<Migration> In(Assembly assembly)
    {
        var found = new SortedDictionary<int, Migration>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (FileName().Match(resource) is { Success: true } match)
            {
                var number = int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
                if (!found.TryAdd(number, new Migration(number, $"{match.Groups[1].Value}_{match.Groups[2].Value}", Read(assembly, resource))))
                {
                    throw new InvalidOperationException($"{assembly.GetName().Name} has two migrations with the number {match.Groups[1].Value}.");
                }
            }
        }

        return [.. found.Values];
    }

    [GeneratedRegex(@"\.Migrations\.([0-9]{4})_([a-z0-9_]+)\.sql$", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex FileName();

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
