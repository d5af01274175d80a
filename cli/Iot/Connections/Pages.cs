using IoTPlatform.Contracts;

namespace IoTPlatform.Iot;

internal static class Pages
{
    /// <summary>Follows the cursors until the end or until <paramref name="max"/> items are there.</summary>
    public static async Task<IReadOnlyList<T>> CollectAsync<T>(Func<string?, Task<Page<T>>> fetch, int max = int.MaxValue)
    {
        var items = new List<T>();
        string? cursor = null;
        do
        {
            var page = await fetch(cursor);
            items.AddRange(page.Items);
            // A server that repeats the same cursor must not cause an endless loop.
            cursor = page.NextCursor == cursor ? null : page.NextCursor;
        }
        while (cursor is not null && items.Count < max);
        return items.Count > max ? items.GetRange(0, max) : items;
    }
}
