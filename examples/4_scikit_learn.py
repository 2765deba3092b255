# %% [markdown]
# # With scikit-learn
# A recipe of Assay where scikit-learn expects a classifier.

# %%
from sklearn.model_selection import GridSearchCV, cross_val_score

import assay
from assay.sklearn import AssayClassifier

data = assay.load("fashion-mnist-sample")
X, y = data.train.images[:400], data.train.labels[:400]

# %% Cross validation of one recipe
print(cross_val_score(AssayClassifier("nearest-mean"), X, y, cv=3))

# %% A search over recipes
search = GridSearchCV(AssayClassifier(), {"recipe": ["majority", "nearest-mean"]}, cv=2)
search.fit(X.reshape(len(X), -1), y)
print(search.best_params_, search.best_score_)

# %% The other way: a scikit-learn model, evaluated by Assay
from sklearn.neighbors import KNeighborsClassifier

train, test = data.train, data.splits["test"]
neighbors = KNeighborsClassifier(5).fit(train.images.reshape(len(train), -1), train.labels)
print(assay.evaluate(neighbors, data))
