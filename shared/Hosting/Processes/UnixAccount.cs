using System.Globalization;

namespace IoTPlatform.Hosting.Processes;

/// <summary>A user of /etc/passwd.</summary>
public sealed record UnixAccount(string Name, uint UserId, uint GroupId)
{
    public static UnixAccount? Find(string name)
    {
        foreach (var line in File.Exists("/etc/passwd") ? File.ReadLines("/etc/passwd") : [])
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && string.Equals(fields[0], name, StringComparison.Ordinal)
                && uint.TryParse(fields[2], CultureInfo.InvariantCulture, out var user)
                && uint.TryParse(fields[3], CultureInfo.InvariantCulture, out var group))
            {
                return new UnixAccount(name, user, group);
            }
        }

        return null;
    }
}
